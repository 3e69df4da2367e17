import type { Logger } from '../../config/options.ts'
import { guarded } from '../../log/follower.ts'

const told = new Set<string>()

/**
 * Writes a line once in the life of this process: to a logger, or to stderr.
 *
 * @param subject the key under which the line counts as written, because lines about different servers may say the same
 */
export function tellOnce(line: string, logger: Logger | undefined, subject: string = line): void {
  if (told.has(subject)) return
  told.add(subject)
  const text = `tarantool-fixture: ${line}`
  if (logger) guarded(logger)(text)
  else process.stderr.write(`${text}\n`)
}
