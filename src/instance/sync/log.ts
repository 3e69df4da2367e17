import type { LogFile, LogSlice, LogWait } from '../../log/log-file.ts'
import type { Remote } from './remote.ts'

/** The log of a blocking instance: `LogFile`, method by method. */
export class SyncLogFile {
  /** The path of the file. */
  readonly path: string
  readonly #remote: Remote

  /** @internal */
  constructor(path: string, remote: Remote) {
    this.path = path
    this.#remote = remote
  }

  /** The size of the log now, in bytes: what is logged from here on is `lines({ since: offset })`. */
  get offset(): number {
    return this.#remote.get('offset') as number
  }

  /** The text from `since` to the end. */
  text(slice?: LogSlice): string {
    return this.#call('text', slice)
  }

  /** The lines from `since` to the end. */
  lines(slice?: LogSlice): string[] {
    return this.#call('lines', slice)
  }

  /** Those lines that hold a text or match an expression. */
  grep(pattern: string | RegExp, slice?: LogSlice): string[] {
    return this.#call('grep', pattern, slice)
  }

  /**
   * Waits for a line that holds a text or matches an expression, and returns it; one that is there already will do.
   *
   * @throws LogTimeoutError
   */
  waitFor(pattern: string | RegExp, options?: LogWait): string {
    return this.#call('waitFor', pattern, options)
  }

  #call<Name extends 'text' | 'lines' | 'grep' | 'waitFor'>(
    name: Name,
    ...values: unknown[]
  ): Awaited<ReturnType<LogFile[Name]>> {
    return this.#remote.call(name, values) as Awaited<ReturnType<LogFile[Name]>>
  }
}
