/** A server could not be forked, for a reason that does not concern the server: a plain spawn will do. */
export class NotForkedError extends Error {
  override name = 'NotForkedError'
}

/** A fork that was ordered and has no connections yet. */
export class PendingFork {
  /** Resolves to the id of the process. */
  readonly pid: Promise<number>
  /** Rejects when there will be no server. */
  readonly failed: Promise<never>
  #onPid = (_pid: number): void => {}
  #onFailed = (_error: NotForkedError): void => {}

  constructor() {
    this.pid = new Promise(resolve => {
      this.#onPid = resolve
    })
    this.failed = new Promise((_, reject) => {
      this.#onFailed = reject
    })
    // Nobody may wait any more.
    this.failed.catch(() => {})
  }

  forked(pid: number): void {
    this.#onPid(pid)
  }

  fail(reason: string): void {
    this.#onFailed(new NotForkedError(reason))
  }
}
