/** Work that several callers wait for. It is cancelled when the last caller has left. */
export class SharedTask<T> {
  readonly #abort = new AbortController()
  /** The result, for code that does not wait as a caller. */
  readonly result: Promise<T>
  #waiting = 0
  #settled = false

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.result = work(this.#abort.signal)
    const settle = (): void => {
      this.#settled = true
    }
    this.result.then(settle, settle)
  }

  /** True if the work was cancelled, so that a new caller must not join it. */
  get cancelled(): boolean {
    return this.#abort.signal.aborted
  }

  /** Waits for the result; rejects with the signal's reason as soon as the caller's own signal is aborted. */
  async wait(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    this.#waiting++
    let onAbort: (() => void) | undefined
    try {
      if (!signal) return await this.result
      const aborted = new Promise<never>((_, reject) => {
        onAbort = () => reject(signal.reason)
        signal.addEventListener('abort', onAbort, { once: true })
      })
      return await Promise.race([this.result, aborted])
    } finally {
      if (onAbort) signal?.removeEventListener('abort', onAbort)
      if (--this.#waiting === 0 && !this.#settled) this.#abort.abort(signal?.reason)
    }
  }
}
