/** Shows the progress of a download. */
export interface Progress {
  /** @param done number of bytes that have been downloaded, of `total` */
  update(done: number, total: number): void
  /** Removes a bar, so that other output begins on a clean line. */
  end(): void
}

/** The part of a stream such as `process.stderr` that shows progress. */
export interface Terminal {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

const width = 24
// In milliseconds. A bar is drawn often, so that it moves. A line is printed seldom, because it stays in a log.
const barEvery = 100
const lineEvery = 1000

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)

const amount = (done: number, total: number): string => `${megabytes(done)} of ${megabytes(total)} MB`

/** A progress bar on a terminal. */
function bar(title: string, terminal: Terminal, now: () => number): Progress {
  let drawn = Number.NEGATIVE_INFINITY
  let isThere = false
  return {
    update(done, total) {
      if (now() - drawn < barEvery && done < total) return
      drawn = now()
      isThere = true
      const filled = Math.round((width * done) / total)
      const text = `${title} [${'='.repeat(filled)}${' '.repeat(width - filled)}] ${amount(done, total)}`
      terminal.write(`\r\x1b[K${text.slice(0, (terminal.columns || 80) - 1)}`)
    },
    end() {
      if (isThere) terminal.write('\r\x1b[K')
      isThere = false
    },
  }
}

/** Lines in a log, at most one per second. */
function lines(title: string, report: (line: string) => void, now: () => number): Progress {
  let reported = now()
  return {
    update(done, total) {
      if (now() - reported < lineEvery || done >= total) return
      reported = now()
      report(`${title}: ${amount(done, total)} (${Math.floor((100 * done) / total)} %)`)
    },
    end() {},
  }
}

/**
 * Shows progress as a bar on a terminal, or as lines elsewhere. A download of less than a second leaves no line.
 *
 * @param report receives the lines
 * @param terminal receives the bar, if it is a terminal
 */
export function showProgress(
  title: string,
  report: (line: string) => void,
  terminal: Terminal | undefined,
  now: () => number = () => performance.now(),
): Progress {
  return terminal?.isTTY ? bar(`tarantool-fixture: ${title}`, terminal, now) : lines(title, report, now)
}
