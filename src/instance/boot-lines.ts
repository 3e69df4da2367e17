import { asPlainLine } from '../log/plain-line.ts'
import type { FailureReport } from './report.ts'

const bootEnds = /ready to accept requests/
// What Tarantool says of itself between its boot and the application, and our own line, which says what the error says.
const afterBoot =
  /set '\w+' configuration option to |box switched to rw|wal\/engine cleanup is resumed|main\/\d+\/checkpoint_daemon\b/
const ownReport = /\btarantool-fixture: the server did not start: /
// The boot's own news, and what it prints before there is a log; its warnings and errors may be the reason.
const news = / [CIVD]> |^started$/

/**
 * The lines of a log that may say something of a failed start: those of the application. The boot of the server says the
 * same each time, and the report of Lua's error stands in the error itself.
 *
 * @param stage where Lua has failed; undefined where it has reported nothing, and how far the boot came may be the reason
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
