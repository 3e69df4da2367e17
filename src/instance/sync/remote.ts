import { RequestTimeoutError } from '../../errors.ts'
import { resumeHint } from '../failure/paused.ts'
import { toClone } from './clone.ts'
import type { Target } from './messages.ts'
import type { ServerThread } from './thread.ts'

/** An object in the servers' thread, with calls as if it were in this thread. */
export class Remote {
  readonly #thread: ServerThread
  readonly #target: Target
  readonly #whole: Remote
  #requestTimeout = 60_000

  constructor(thread: ServerThread, target: Target, whole?: Remote) {
    this.#thread = thread
    this.#target = target
    this.#whole = whole ?? this
  }

  /** True if the thread exists. */
  get isThere(): boolean {
    return this.#thread.alive
  }

  /** The instance's limit, in milliseconds, for calls that nothing else could end. */
  get requestTimeout(): number {
    return this.#whole.#requestTimeout
  }

  set requestTimeout(milliseconds: number) {
    this.#whole.#requestTimeout = milliseconds
  }

  get(name: string): unknown {
    return this.#ask('get', name, [], Number.POSITIVE_INFINITY)
  }

  set(name: string, value: unknown): void {
    this.#ask('set', name, [value], Number.POSITIVE_INFINITY)
  }

  /**
   * Calls a method, and waits for its result.
   *
   * @param timeout in milliseconds. Default: none, for calls that end by themselves.
   * @throws the errors of the method; RequestTimeoutError
   */
  call(name: string, values: readonly unknown[], timeout: number = Number.POSITIVE_INFINITY): unknown {
    return this.#ask('call', name, values, timeout)
  }

  /** The same for a part of the object. */
  part(part: number | 'log'): Remote {
    return new Remote(this.#thread, { ...this.#target, part }, this.#whole)
  }

  #ask(kind: 'get' | 'set' | 'call', name: string, values: readonly unknown[], timeout: number): unknown {
    return this.#thread.ask({ kind, target: this.#target, name, values: toClone(values) }, timeout, () => {
      const instance = this.#whole.get('fingerprint') as string
      const isPaused = this.#whole.get('isPaused') === true
      return new RequestTimeoutError(
        `${instance} did not answer ${name} within ${timeout} ms${isPaused ? ': the server is paused' : ''}`,
        { instance, hint: isPaused ? resumeHint : undefined },
      )
    })
  }
}
