import type { LogFile, LogSlice, LogWait } from '../log.ts'
import type { Remote } from './remote.ts'

/** The log of a blocking instance: `LogFile`, method by method. */
export class SyncLogFile {
  readonly path: string
  readonly #remote: Remote

  constructor(path: string, remote: Remote) {
    this.path = path
    this.#remote = remote
  }

  get offset(): number {
    return this.#remote.get('offset') as number
  }

  text(slice?: LogSlice): string {
    return this.#call('text', slice)
  }

  lines(slice?: LogSlice): string[] {
    return this.#call('lines', slice)
  }

  grep(pattern: string | RegExp, slice?: LogSlice): string[] {
    return this.#call('grep', pattern, slice)
  }

  /** @throws LogTimeoutError after `timeout` milliseconds. Default 5000. */
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
