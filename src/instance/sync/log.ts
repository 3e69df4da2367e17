import type { LogFile, LogWait } from '../../log/log-file.ts'
import type { Remote } from './remote.ts'
import { type OwnMembers, type Twin, twinOf } from './twin.ts'

const ways = {
  path: 'own',
  offset: 'property',
  text: 'method',
  lines: 'method',
  grep: 'method',
  // A writer of the log is a promise, which cannot cross threads.
  waitFor: 'own',
} as const

const BlockingLogFile: Twin<LogFile, typeof ways> = /* @__PURE__ */ twinOf(ways)

/** The log of a blocking instance. It has the members of `LogFile`, whose methods block and return the value itself. */
export class SyncLogFile extends BlockingLogFile {
  /** The path of the file. */
  readonly path: string
  readonly #remote: Remote

  /** @internal */
  constructor(path: string, remote: Remote) {
    super(remote)
    this satisfies OwnMembers<LogFile, typeof ways>
    this.path = path
    this.#remote = remote
  }

  /**
   * Waits for a line that contains a text or matches an expression, and returns the line. A line that is already in the
   * log counts.
   *
   * @throws LogTimeoutError
   */
  waitFor(pattern: string | RegExp, options?: LogWait): string {
    return this.#remote.call('waitFor', [pattern, options]) as string
  }
}
