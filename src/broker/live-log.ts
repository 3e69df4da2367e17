import type { Logger } from '../config/options.ts'
import { newsFilter } from '../instance/failure/boot-lines.ts'
import type { ServerMark } from './server-mark.ts'

// The lines of a cluster begin with the names of its instances.
const memberOf = (line: string): string => /^([\w-]+) \| /.exec(line)?.[0] ?? ''

/** Makes a logger that leaves out the lines that each start of a server logs. */
export function withoutBoot(print: (line: string) => void): Logger {
  const filters = new Map<string, (line: string) => boolean>()
  return line => {
    const member = memberOf(line)
    const isNews = filters.get(member) ?? newsFilter()
    filters.set(member, isNews)
    if (isNews(line.slice(member.length))) print(line)
  }
}

/** Prints a server's log as it comes. Each line is marked with the server, and with the test that has the server. */
export function liveLogger(mark: ServerMark, logger: Logger | undefined): Logger {
  const print = withoutBoot(line => process.stderr.write(`${mark} ${line}\n`))
  return line => {
    logger?.(line)
    print(line)
  }
}
