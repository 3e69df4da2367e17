import { BoxCfgError, InitScriptError, RootNotWritableError, type TarantoolFixtureError } from '../../errors.ts'
import { OwnersUnknownError } from '../start/access.ts'
import type { LineMap } from '../start/init-template.ts'
import type { FailureReport } from '../start/report.ts'
import { withoutBootLines } from './boot-lines.ts'
import type { FailureContext } from './details.ts'
import { readTrace } from './lua-trace.ts'
import { namedPortTaken, portTaken, saysTaken } from './port-failure.ts'
import { errorOfSeed } from './seed-failure.ts'
import { standbyHint } from './standby-hint.ts'

const rejectedOption = /(?:Incorrect value for|Can't set) option '([^']+)'/

function userPlace(report: FailureReport, lineMap: LineMap): { file: string | undefined; line: number | undefined } {
  const file = report.source?.replace(/^[@=]/, '')
  if (file !== 'init.lua') return { file, line: report.line }
  return report.line === undefined
    ? { file: undefined, line: undefined }
    : (lineMap(report.line) ?? { file, line: report.line })
}

// Lua shortens long names at the beginning of its messages. The user's full file name and line replace them.
const withoutPlace = (report: FailureReport): string =>
  report.named ? report.message.replace(/^.*?:\d+: /s, '') : report.message

// The user's file comes first, because the user looks for it.
function messageOf(what: string, file: string | undefined, { instance }: FailureContext): string {
  return file === undefined ? `${instance} did not start: ${what}` : `${what} (${instance} did not start)`
}

// For a missing module, Lua lists some forty places; the application's own places come first.
const withoutSearch = (what: string): string => what.replace(/((?:\n\tno f\S+ .*){6})(?:\n\tno f\S+ .*)+/, '$1\n\t…')

const movesServer =
  'The init script calls box.cfg with another address. Use the address of the template: listen = <% listen %>.'

/** Explains an option that only the first call of box.cfg can set. */
function secondBoxCfg({ early_use: early }: FailureReport): string {
  const instead = 'For the tests, set the option in boxCfg.'
  if (early === undefined) return `Only the first call of box.cfg can set this option. ${instead}`
  const place = early.source === undefined ? '' : ` in ${early.source.replace(/^[@=]/, '')}:${early.line}`
  return `The fixture called box.cfg before, because the application uses ${early.what}${place} before its own box.cfg. ${instead}`
}

const vinylHint = (message: string): string | undefined =>
  message.includes("Vinyl does not support DDL if wal_mode = 'none'")
    ? "A vinyl space needs walMode: 'write' (the fixture's default is 'none')."
    : undefined

const existingHint = ({ message, stage }: FailureReport, { isMember }: FailureContext): string | undefined =>
  isMember && stage === 'app' && /^(?:.*: )?\w+ '.*' already exists/.test(message)
    ? 'Each member runs the application, when the schema of the leader has arrived: create spaces and the like with if_not_exists = true.'
    : undefined

/** Makes an error from the boot script's report. */
export function errorOfReport(
  report: FailureReport,
  server: FailureContext,
): TarantoolFixtureError | OwnersUnknownError {
  if (report.stage === 'access') return new OwnersUnknownError(report.message)
  const context = { ...server, shownLog: withoutBootLines(server.logTail, report.stage) }
  if (report.stage === 'no_box_cfg') {
    return new InitScriptError(`${context.instance}: the init script never called box.cfg`, {
      ...context,
      hint: 'An initLuaTemplate must call it: box.cfg(<% boxCfg %>).',
    })
  }
  if (report.stage === 'moved') {
    return new InitScriptError(`${context.instance}: ${report.message}, where no test would look for it`, {
      ...context,
      hint: movesServer,
    })
  }
  if (report.stage === 'log_moved') {
    return new InitScriptError(`${context.instance}: ${report.message}, where waitForLog() and errors would not look`, {
      ...context,
      hint: "A test's server logs to its own file, logFile. Remove log.cfg{ log = … }, and TT_LOG from the option env.",
    })
  }
  if (report.port !== undefined) return namedPortTaken(report.port, context)
  if (report.seed) return errorOfSeed(report.seed, context)
  const { file, line } = userPlace(report, context.lineMap)
  const what = withoutPlace(report)
  const where = file === undefined ? '' : `${file}:${line ?? '?'}: `
  // The application may bind its own addresses.
  if (report.stage !== 'app' && report.stage !== 'seed_lua' && saysTaken(report.message, server.logTail)) {
    return portTaken(report.stage === 'console' ? context.console : context.listen, context)
  }
  // At this stage no code of the user's has run yet.
  if (report.stage === 'console') {
    return new RootNotWritableError(`${context.instance} cannot open its console ${context.console}: ${what}`, {
      ...context,
      hint: "The console's socket is in the server's directory. Check that its file system has free space and inodes, or set the option 'root' to another place.",
    })
  }
  const [, option] = rejectedOption.exec(report.message) ?? []
  if (option !== undefined) {
    return new BoxCfgError(`${context.instance}: box.cfg refused '${option}': ${where}${what}`, {
      ...context,
      option,
      hint: /can't (?:set option|be set dynamically)/i.test(report.message) ? secondBoxCfg(report) : undefined,
    })
  }
  const luaFrames = readTrace(report.trace, context.lineMap)
  const hint = vinylHint(report.message) ?? existingHint(report, context) ?? standbyHint(context)
  return new InitScriptError(messageOf(`${where}${withoutSearch(what)}`, file, context), {
    ...context,
    hint,
    isUsersOwn: hint === undefined && file !== undefined,
    file,
    line,
    luaFrames,
    luaStack:
      luaFrames.length > 0 ? ['stack traceback:', ...luaFrames.map(frame => `\t${frame}`)].join('\n') : undefined,
  })
}

/** Makes an error of a report that cannot be read. */
export function errorOfUnreadableReport(text: string, context: FailureContext): InitScriptError {
  return new InitScriptError(`${context.instance} did not start: its report cannot be read: ${JSON.stringify(text)}`, {
    ...context,
    hint: 'The server reports on the standard output that it was started with: nothing else may write to it.',
  })
}
