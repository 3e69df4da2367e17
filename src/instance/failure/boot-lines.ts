import { asPlainLine } from '../../log/plain-line.ts'
import type { FailureReport } from '../start/report.ts'

const bootEnds = /ready to accept requests/
// Tarantool's own lines between its boot and the application, and the fixture's line, which repeats the error.
const afterBoot =
  /set '\w+' configuration option to |box switched to rw|wal\/engine cleanup is resumed| C> entering the event loop|main\/\d+\/checkpoint_daemon\b/
const ownReport = /\btarantool-fixture: the server did not start: /
// Boot lines that only inform, and lines printed before the log exists. Boot warnings and errors stay, because they can
// be the reason.
const news = / [CIVD]> |^started$/

/** Makes a test that tells, line by line, if a line of a server's log is news: not one that each start logs. */
export function newsFilter(): (line: string) => boolean {
  let isBoot = false
  return line => {
    const says = asPlainLine(line)
    if (says === 'started') isBoot = true
    const isNews = !(isBoot ? news : afterBoot).test(says)
    if (bootEnds.test(says)) isBoot = false
    return isNews
  }
}

/**
 * Keeps the log lines that can explain a failed start: the lines of the application. The server's boot logs the same
 * lines each time, and the error itself contains the report of Lua's error.
 *
 * @param stage the stage at which Lua failed. Undefined if Lua reported nothing: then the boot's progress can be the
 *   reason.
 */
export function withoutBootLines(lines: readonly string[], stage?: FailureReport['stage']): string[] {
  const plain = lines.map(line => ({ line, says: asPlainLine(line) }))
  const report = plain.findIndex(({ says }) => ownReport.test(says))
  const told = report < 0 ? plain : plain.slice(0, report)
  const end = told.findIndex(({ says }) => bootEnds.test(says)) + 1
  const isAllBoot = end === 0 && (stage === 'console' || stage === 'init')
  const bootLength = isAllBoot ? told.length : end
  return told.filter(({ says }, index) => !(index < bootLength ? news : afterBoot).test(says)).map(({ line }) => line)
}
