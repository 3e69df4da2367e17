/** A place in a server's log, in bytes; it moves when the log begins anew. */
export interface LogMark {
  offset: number
}

/** Where in a server's log the running tests began: several of them with `test.concurrent`, which share the log. */
export class LogMarks {
  readonly #running = new Set<LogMark>()
  readonly #lease: LogMark
  /** That of the test that began last, or of the lease. */
  #last: LogMark

  constructor(offset: number) {
    this.#lease = { offset }
    this.#last = this.#lease
  }

  /** Where the file's lease began. */
  get first(): number {
    return this.#lease.offset
  }

  /** Where the first of the running tests began; when none runs, where the last one did. */
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

  /** The log is another one now, and of interest from an offset on. */
  moveTo(offset: number): void {
    for (const mark of [...this.#running, this.#last, this.#lease]) mark.offset = offset
  }
}
