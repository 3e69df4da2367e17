/** An offset in a server's log, in bytes. It changes if the log begins anew. */
export interface LogMark {
  offset: number
}

/**
 * The offsets in a server's log at which the running tests began. Tests of `test.concurrent` run together and share the
 * log.
 */
export class LogMarks {
  readonly #running = new Set<LogMark>()
  readonly #lease: LogMark
  /** The offset of the test that began last, or of the lease. */
  #last: LogMark

  constructor(offset: number) {
    this.#lease = { offset }
    this.#last = this.#lease
  }

  /** The offset at which the file's lease began. */
  get first(): number {
    return this.#lease.offset
  }

  /** The offset at which the first of the running tests began. If no test runs, the offset of the last test. */
  get earliest(): number {
    const offsets = [...this.#running].map(({ offset }) => offset)
    return offsets.length === 0 ? this.#last.offset : Math.min(...offsets)
  }

  begin(offset: number): LogMark {
    this.#last = { offset }
    this.#running.add(this.#last)
    return this.#last
  }

  end(mark: LogMark): void {
    this.#running.delete(mark)
  }

  /** Another log has replaced the log. It is of interest from an offset on. */
  moveTo(offset: number): void {
    for (const mark of [...this.#running, this.#last, this.#lease]) mark.offset = offset
  }
}
