import { setTimeout as delay } from 'node:timers/promises'
import type { TarantoolFixtureError } from '../../errors.ts'
import type { ProcessExit } from '../control/exit.ts'
import type { FailureContext, ServerDetails } from '../failure/details.ts'
import { errorOfExit } from '../failure/exit-failure.ts'
import { errorOfReport, errorOfUnreadableReport } from '../failure/report-failure.ts'
import { errorOfSpawn } from '../failure/spawn-failure.ts'
import type { TarantoolProcess } from '../process.ts'
import type { OwnersUnknownError } from './access.ts'
import { makeProcess } from './make-process.ts'
import type { ServerCommand } from './program.ts'
import { type ReadyReport, type Report, readReport } from './report.ts'

export interface Launch {
  readonly process: TarantoolProcess
  /**
   * Resolves when the server is ready. Rejects with the reason why it will never be ready, after the process has ended.
   */
  readonly ready: Promise<ReadyReport>
}

/**
 * Makes the error of a start that is ended early. It is called at that moment, so the error has the log of that moment.
 */
export type AbortReason = (details: ServerDetails) => TarantoolFixtureError

export interface LaunchSpec extends ServerCommand {
  readonly nonce: string
  /** Ends the start; the reason is an `AbortReason`. */
  readonly signal: AbortSignal
  /** The facts about the server at the time when an error is made. */
  readonly context: (logStart: number) => FailureContext
}

// The report may still be in the pipe when the process has ended. A child of the server may hold the pipe open for
// ever.
const reportAfterExit = 1000

/**
 * Starts a server's process and watches it until it is ready. If the process ends, reports an error or is aborted
 * first, it has ended when `ready` rejects.
 */
export async function launch(spec: LaunchSpec): Promise<Launch> {
  const process = await makeProcess(spec)
  return { process, ready: watchStart(process, spec) }
}

async function watchStart(process: TarantoolProcess, spec: LaunchSpec): Promise<ReadyReport> {
  const { exited, reportStream } = process
  const report = readReport(reportStream, spec.nonce)
  // A server that is ready does not keep its owner alive. A server that is not ready yet does.
  const release = process.hold()
  let onAbort = (): void => {}
  const aborted = new Promise<'aborted'>(resolve => {
    onAbort = () => resolve('aborted')
    spec.signal.addEventListener('abort', onAbort, { once: true })
    if (spec.signal.aborted) onAbort()
  })
  try {
    const first = await Promise.race([report, exited, aborted])
    if (first === 'aborted') {
      process.kill()
      await exited
      throw abortReason(spec, process)
    }
    const settled = first && 'outcome' in first ? first : await reportOrNothing(report)
    if (settled?.outcome === 'ready' && !process.exit) return settled.ready
    const isBad = settled?.outcome === 'failed' || settled?.outcome === 'unreadable'
    if (isBad) process.kill()
    const exit = await exitWithin(process, spec)
    if (isBad) throw errorOfBadReport(settled, spec.context(process.logStart))
    if (process.spawnError) throw errorOfSpawn(spec.command, process.spawnError, spec.context(process.logStart))
    const context = spec.context(process.logStart)
    throw spec.errorOfExit?.(exit, context) ?? errorOfExit(exit, context)
  } catch (error) {
    // A child of the server may hold the other end.
    reportStream.destroy()
    throw error
  } finally {
    spec.signal.removeEventListener('abort', onAbort)
    release()
  }
}

async function reportOrNothing(report: ReturnType<typeof readReport>): ReturnType<typeof readReport> {
  const timer = new AbortController()
  try {
    return await Promise.race([report, delay(reportAfterExit, undefined, { signal: timer.signal })])
  } finally {
    timer.abort()
  }
}

// A server may close its report without a line and live on. The code then waits until the start is given up.
async function exitWithin(process: TarantoolProcess, spec: LaunchSpec): Promise<ProcessExit> {
  const kill = (): void => void process.kill()
  spec.signal.addEventListener('abort', kill, { once: true })
  if (spec.signal.aborted) kill()
  const exit = await process.exited
  spec.signal.removeEventListener('abort', kill)
  if (spec.signal.aborted) throw abortReason(spec, process)
  return exit
}

function errorOfBadReport(
  report: Exclude<Report, { outcome: 'ready' }>,
  context: FailureContext,
): TarantoolFixtureError | OwnersUnknownError {
  return report.outcome === 'failed'
    ? errorOfReport(report.failure, context)
    : errorOfUnreadableReport(report.text, context)
}

function abortReason(spec: LaunchSpec, process: TarantoolProcess): TarantoolFixtureError {
  return (spec.signal.reason as AbortReason)(spec.context(process.logStart))
}
