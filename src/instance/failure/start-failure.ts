import {
  BinaryNotExecutableError,
  BoxCfgError,
  type ErrorDetails,
  InitScriptError,
  PortTakenError,
  RootNotWritableError,
  ServerExitedError,
  ServerKilledError,
  type TarantoolFixtureError,
} from '../../errors.ts'
import { asPlainLine } from '../../log/plain-line.ts'
import type { ProcessExit } from '../control/exit.ts'
import { OwnersUnknownError } from '../start/access.ts'
import type { LineMap } from '../start/init-template.ts'
import type { FailureReport } from '../start/report.ts'
import { withoutBootLines } from './boot-lines.ts'
import type { FailureContext, ServerDetails } from './details.ts'
import { readTrace } from './lua-trace.ts'
import { unwrittenByServer } from './not-writable.ts'
import { errorOfSource, membersHint, saysNeverToReplicate } from './replication-failure.ts'
import { errorOfSeed } from './seed-failure.ts'

const addressTaken = /Address already in use/i
const rejectedOption = /(?:Incorrect value for|Can't set) option '([^']+)'/

// Some versions keep the reason to the log.
const saysTaken = (message: string, logTail: readonly string[]): boolean =>
  addressTaken.test(message) || (message.includes('failed to bind') && logTail.some(line => addressTaken.test(line)))

function userPlace(report: FailureReport, lineMap: LineMap): { file: string | undefined; line: number | undefined } {
  const file = report.source?.replace(/^[@=]/, '')
  if (file !== 'init.lua') return { file, line: report.line }
  return report.line === undefined
    ? { file: undefined, line: undefined }
    : (lineMap(report.line) ?? { file, line: report.line })
}

// Lua shortens long names at the beginning of its messages; the user's own name and line stand there instead.
const withoutPlace = (report: FailureReport): string =>
  report.named ? report.message.replace(/^.*?:\d+: /s, '') : report.message

// The user's file comes first, because the user looks for it.
function messageOf(what: string, file: string | undefined, { instance }: FailureContext): string {
  return file === undefined ? `${instance} did not start: ${what}` : `${what} (${instance} did not start)`
}

// For a missing module, Lua lists some forty places; the application's own places come first.
const withoutSearch = (what: string): string => what.replace(/((?:\n\tno f\S+ .*){6})(?:\n\tno f\S+ .*)+/, '$1\n\t…')

const portTaken = (address: string, context: FailureContext): PortTakenError =>
  new PortTakenError(`${context.instance} cannot listen on ${address}: the address is in use`, {
    ...context,
    address,
    hint: context.chosen.includes(address)
      ? 'It was free when it was chosen; another process has taken it since.'
      : 'Another process has it. Leave the port out to get a free one.',
  })

const secondBoxCfg =
  "The init script has called box.cfg before. An application that can also run alone asks first: if type(box.cfg) == 'function' then box.cfg{ … } end. For the tests, set the option in boxCfg."

const vinylHint = (message: string): string | undefined =>
  message.includes("Vinyl does not support DDL if wal_mode = 'none'")
    ? "A vinyl space needs walMode: 'write' (the fixture's default is 'none')."
    : undefined

const spareHint = ({ standsBy }: FailureContext): string | undefined =>
  standsBy
    ? "This one was started for the next test while the server before it still ran: what the application binds or locks must be there twice, and box.cfg.listen is nil while it loads. isolation: 'restart' starts none beside another."
    : undefined

/** Makes an error of what the boot script reported. */
export function errorOfReport(
  report: FailureReport,
  server: FailureContext,
): TarantoolFixtureError | OwnersUnknownError {
  if (report.stage === 'access') return new OwnersUnknownError(report.message)
  const context = { ...server, shownLog: withoutBootLines(server.logTail, report.stage) }
  if (report.stage === 'no_box_cfg') {
    return new InitScriptError(`${context.instance}: the init script never called box.cfg`, {
      ...context,
      hint: 'An initLuaTemplate has to: box.cfg(<% boxCfg %>).',
    })
  }
  if (report.stage === 'moved') {
    return new InitScriptError(`${context.instance}: ${report.message}, where no test would look for it`, {
      ...context,
      hint: secondBoxCfg,
    })
  }
  if (report.stage === 'log_moved') {
    return new InitScriptError(`${context.instance}: ${report.message}, where waitForLog() and errors would not look`, {
      ...context,
      hint: "A test's server logs to its own file, logFile: take log.cfg{ log = … } out, and TT_LOG out of the option env.",
    })
  }
  if (report.seed) return errorOfSeed(report.seed, context)
  const { file, line } = userPlace(report, context.lineMap)
  const what = withoutPlace(report)
  const where = file === undefined ? '' : `${file}:${line ?? '?'}: `
  // The application may bind addresses of its own.
  if (report.stage !== 'app' && report.stage !== 'seed_lua' && saysTaken(report.message, server.logTail)) {
    return portTaken(report.stage === 'console' ? context.console : context.listen, context)
  }
  // At this stage no code of the user's has run yet.
  if (report.stage === 'console') {
    return new RootNotWritableError(`${context.instance} cannot open its console ${context.console}: ${what}`, {
      ...context,
      hint: "The console's socket is in the server's directory: is there space, are there inodes left? The option 'root' names another place.",
    })
  }
  const [, option] = rejectedOption.exec(report.message) ?? []
  if (option !== undefined) {
    return new BoxCfgError(`${context.instance}: box.cfg refused '${option}': ${where}${what}`, {
      ...context,
      option,
      hint: /can't (?:set option|be set dynamically)/i.test(report.message) ? secondBoxCfg : undefined,
    })
  }
  const luaFrames = readTrace(report.trace, context.lineMap)
  return new InitScriptError(messageOf(`${where}${withoutSearch(what)}`, file, context), {
    ...context,
    hint: vinylHint(report.message) ?? spareHint(context),
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

/** Says how a process ended: `exit code 1`, `signal SIGKILL`. */
export function describeExit({ exitCode, signal }: ProcessExit): string {
  if (signal !== undefined) return `signal ${signal}`
  return exitCode === undefined ? 'no process' : `exit code ${exitCode}`
}

/**
 * Makes an error of a server that ended by itself.
 *
 * @param when the time of the exit in the server's life, such as 'right after it was ready'; empty if the time says
 * nothing
 */
export function errorOfOwnEnd(exit: ProcessExit, when: string, details: ServerDetails): ServerExitedError {
  const { exitCode, signal } = exit
  const message = ['has ended by itself', when].filter(text => text !== '').join(' ')
  return new ServerExitedError(`${details.instance} ${message}: ${describeExit(exit)}`, {
    ...details,
    exitCode,
    signal,
  })
}

/** Makes an error of a server that was gone before it reported anything. */
export function errorOfExit(exit: ProcessExit, server: FailureContext): TarantoolFixtureError {
  const context = { ...server, shownLog: withoutBootLines(server.logTail) }
  const panic = context.logTail.map(asPlainLine).findLast(line => / F> /.test(line))
  // 2.6.0 panics on a taken port; newer ones raise a Lua error, which is reported.
  if (panic && context.logTail.some(line => addressTaken.test(line))) {
    return portTaken(context.listen, context)
  }
  if (panic && saysNeverToReplicate(panic)) return errorOfSource(context)
  const unwritten = panic === undefined ? undefined : unwrittenByServer(context.logTail.map(asPlainLine), context)
  if (unwritten) return unwritten
  const reason = panic ? `: ${panic.replace(/^.* F> /, '')}` : ''
  if (exit.signal !== undefined) {
    return new ServerKilledError(`${context.instance} was killed by ${exit.signal} before it was ready${reason}`, {
      ...context,
      signal: exit.signal,
    })
  }
  return new ServerExitedError(`${context.instance} exited with code ${exit.exitCode} before it was ready${reason}`, {
    ...context,
    exitCode: exit.exitCode,
    hint:
      exit.exitCode === 0 ? 'Does the init script call os.exit?' : (membersHint(context.logTail) ?? spareHint(context)),
  })
}

// The program is not at fault when the system has no room for one more process.
const limits: Readonly<Record<string, string>> = {
  EAGAIN: 'This user has too many processes: raise the limit (ulimit -u), or use fewer workers.',
  EMFILE: 'This process has too many files open: raise the limit (ulimit -n).',
  ENFILE: 'This machine has too many files open.',
  ENOMEM: 'This machine has no memory left for one more process: use fewer workers.',
}

/** Makes an error of a process that could not be made. */
export function errorOfSpawn(command: string, cause: Error, details: ErrorDetails): TarantoolFixtureError {
  return new BinaryNotExecutableError(`cannot run ${command}: ${cause.message}`, {
    ...details,
    hint: limits[(cause as NodeJS.ErrnoException).code ?? ''],
    cause,
  })
}
