import { basename } from 'node:path'
import type { Logger } from '../config/options.ts'
import { newsFilter } from '../instance/failure/boot-lines.ts'

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

/** The test that has a server. */
export interface RunningTest {
  readonly file?: string | undefined
  readonly test?: string | undefined
}

/** Prints a server's log as it comes. Each line is marked with the server, and with the test that has the server. */
export class LiveLog {
  readonly logger: Logger
  readonly #name: string
  #running: RunningTest = {}

  /** @param logger the config's own function, which gets each line, too */
  constructor(name: string, logger: Logger | undefined) {
    this.#name = name
    const print = withoutBoot(line => process.stderr.write(`${this.#mark()} ${line}\n`))
    this.logger = line => {
      logger?.(line)
      print(line)
    }
  }

  /** Names the test that has the server from now on. */
  mark(running: RunningTest): void {
    this.#running = running
  }

  #mark(): string {
    const { file, test } = this.#running
    const where = [...(file === undefined ? [] : [basename(file)]), ...(test === undefined ? [] : [test])].join(' > ')
    return `[${this.#name}${where === '' ? '' : ` ${where}`}]`
  }
}
