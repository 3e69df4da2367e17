import { afterTime } from '../deadline.ts'
import { RequestTimeoutError } from '../errors.ts'

/** Limits for the wait for a reply. */
export interface RequestOptions {
  /** The longest wait for the reply, in milliseconds. Default: no limit while the connection lives. */
  timeout?: number | undefined
  /** Ends the wait when the signal aborts. The server does not learn this, and may carry the request out. */
  signal?: AbortSignal | undefined
}

interface Pending<T> {
  resolve(value: T): void
  reject(error: unknown): void
  release(): void
}

/**
 * The requests of one connection that wait for their reply, by number.
 *
 * A reply whose request has timed out or was aborted is dropped. The connection stays usable.
 */
export class RequestTable<T> {
  readonly #pending: Map<number, Pending<T>> = new Map()
  readonly #instance: string
  readonly #onBusy: (busy: boolean) => void

  /** `onBusy` is called when the first request begins to wait, and when the last request has ended. */
  constructor(instance: string, onBusy: (busy: boolean) => void) {
    this.#instance = instance
    this.#onBusy = onBusy
  }

  /**
   * Waits for the reply to a request; `what` names it in errors.
   *
   * @throws RequestTimeoutError after `timeout`; the signal's reason after an abort; the error that {@link rejectAll}
   *   got
   */
  wait(id: number, what: string, options: RequestOptions = {}): Promise<T> {
    const { timeout, signal } = options
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => this.reject(id, signal?.reason)
      const callOff =
        timeout === undefined || timeout === Number.POSITIVE_INFINITY
          ? undefined
          : afterTime(timeout, () => this.reject(id, this.#timedOut(what, timeout)))
      const release = (): void => {
        callOff?.()
        signal?.removeEventListener('abort', onAbort)
      }
      this.#pending.set(id, { resolve, reject, release })
      if (this.#pending.size === 1) this.#onBusy(true)
      if (signal?.aborted) onAbort()
      else signal?.addEventListener('abort', onAbort)
    })
  }

  /** True if a caller still waits for this reply. */
  has(id: number): boolean {
    return this.#pending.has(id)
  }

  resolve(id: number, value: T): void {
    this.#take(id)?.resolve(value)
  }

  reject(id: number, error: unknown): void {
    this.#take(id)?.reject(error)
  }

  rejectAll(error: unknown): void {
    for (const id of [...this.#pending.keys()]) this.reject(id, error)
  }

  #take(id: number): Pending<T> | undefined {
    const pending = this.#pending.get(id)
    if (!pending) return undefined
    this.#pending.delete(id)
    pending.release()
    if (this.#pending.size === 0) this.#onBusy(false)
    return pending
  }

  #timedOut(what: string, timeout: number): RequestTimeoutError {
    const instance = this.#instance
    return new RequestTimeoutError(`${instance} did not answer ${what} within ${timeout} ms`, { instance })
  }
}
