import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ConfigMode } from '../../config/config-mode.ts'
import { ClusterConfigError, InitScriptError, type TarantoolFixtureError } from '../../errors.ts'
import { asPlainLine } from '../../log/plain-line.ts'
import { tailOf } from '../../log/tail.ts'
import type { ProcessExit } from '../control/exit.ts'
import { withoutBootLines } from './boot-lines.ts'
import type { FailureContext } from './details.ts'
import { logSaysTaken } from './port-failure.ts'

// The beginning of a line of Tarantool's log. Tarantool prints other lines while it has no log yet, and for the rest of a
// message of several lines.
const logLine = /^\d{4}-\d\d-\d\d \S+ \[\d+\] (\S+) (?:\S+ )?\S+:\d+ ([FCEWIVD])> (.*)$/
const heading = /^(?:started|Startup failure\.)?$/
const mostLines = 8

// Lua lists each file in which it has looked for a module: more lines than an error shows of a log.
const lookedAt = /^\s*no (?:file|field) /
const linesWithModules = 500
const missingModule = /module '([^']+)' not found/

/** The advice for a replica set without a writable instance. */
export const leaderHint =
  "Name a leader (replication.failover: manual), or set database.mode: rw on one instance; for the tests, in the option 'set'."

// Tarantool's message to the instances of a new replica set that have nobody to join.
const saysNoLeader = /No leader to register new instance/

function hintFor(reason: string): string | undefined {
  if (saysNoLeader.test(reason)) return leaderHint
  if (!missingModule.test(reason)) return undefined
  return "Modules are found in the application's directory, in its .rocks, and by LUA_PATH in the option 'env'."
}

/** The reason why Tarantool ended, and the lines of its log before that. */
interface Reason {
  readonly text: string
  readonly before: readonly string[]
}

/** Tarantool prints the reason last: as an error of its log, or as lines without a log. */
function reasonOf(logTail: readonly string[]): Reason | undefined {
  let [reason, begin]: [string[], number] = [[], 0]
  let [isOpen, isCertain] = [true, false]
  for (const [index, line] of logTail.map(asPlainLine).entries()) {
    const [isLogged, fiber = '', level = '', text = ''] = logLine.exec(line) ?? []
    if (isLogged === undefined) {
      if (!isOpen || heading.test(line)) continue
      if (reason.length === 0) begin = index
      reason.push(line)
      continue
    }
    const isConfig = fiber.endsWith('/tarantool.config')
    // Other fibers log errors when the server shuts down after the config has failed.
    isOpen = (level === 'E' || level === 'F') && (isConfig || !isCertain)
    if (isOpen) [reason, begin, isCertain] = [[text], index, isConfig]
  }
  if (reason.length === 0) return undefined
  const shown = reason.length > mostLines ? [...reason.slice(0, mostLines), '\t…'] : reason
  return { text: shown.join('\n'), before: logTail.slice(0, begin) }
}

/**
 * Makes the error of an instance that ended because of its config or its application. Undefined if the reason is another
 * one.
 */
export function errorOfRefusedConfig(
  exit: ProcessExit,
  context: FailureContext,
  { name, appDir, configFile }: ConfigMode,
  logPath: string,
): TarantoolFixtureError | undefined {
  if (exit.signal !== undefined || logSaysTaken(context.logTail)) return undefined
  const isLong = context.logTail.some(line => lookedAt.test(asPlainLine(line)))
  const lines = isLong ? tailOf(logPath, 0, linesWithModules) : context.logTail
  const reason = reasonOf(lines.filter(line => !lookedAt.test(asPlainLine(line))))
  if (reason === undefined) return undefined
  const [, named, line, message] = /^([^\n:]+\.lua):(\d+): (.*)$/s.exec(reason.text) ?? []
  const file = named === undefined ? undefined : resolve(appDir, named)
  const shownLog = withoutBootLines(reason.before.slice(-context.logTail.length))
  // Tarantool's own modules have the names of files that do not exist.
  if (file !== undefined && existsSync(file)) {
    return new InitScriptError(`${file}:${line}: ${message} (${context.instance} did not start)`, {
      ...context,
      file,
      line: Number(line),
      isUsersOwn: true,
      shownLog,
    })
  }
  return new ClusterConfigError(`${context.instance} did not start: ${reason.text}`, {
    ...context,
    shownLog,
    configFile,
    member: name,
    hint: hintFor(reason.text),
  })
}
