import { type ErrorDetails, ResetError, ServerExitedError, TarantoolFixtureError } from '../errors.ts'
import { ownProcess } from './level.ts'
import type { Death } from './server.ts'

type Details = ErrorDetails & { instance: string }

export const nextHasAnother = 'The next test gets a new server on the same address.'

/** The error of a server that died by itself. The message ends with `when`. */
export function deathError(death: Death, when: string, { logTail }: Details): ServerExitedError {
  const { fingerprint, exitCode, signal, logFile } = death
  const how = signal ? `was killed by ${signal}` : `exited with code ${exitCode}`
  return new ServerExitedError(`${fingerprint} ${how} ${when}`, {
    instance: fingerprint,
    exitCode,
    signal,
    logTail,
    logFile,
    hint: nextHasAnother,
  })
}

/** The error of a server that died, and whose replacement failed. */
export function laterFailure(first: ServerExitedError, cause: unknown): ServerExitedError {
  const { instance, exitCode, signal, logTail, logFile } = first
  const later = cause instanceof TarantoolFixtureError ? cause.summary : (cause as Error).message
  return new ServerExitedError(`${first.summary}, and its replacement failed: ${later}`, {
    instance,
    exitCode,
    signal,
    logTail,
    logFile,
    cause,
  })
}

/** The error of a test that would not find the changes of its suites' hooks. */
export function lossError(why: string, { instance }: Details): ResetError {
  const what = "the changes of beforeAll, of the file's top level, or of earlier tests with isolation 'file'"
  const hint = why.startsWith(ownProcess)
    ? "Move the tests with isolation 'process' or 'restart' to a file of their own, or make these changes in beforeEach."
    : "Make these changes in beforeEach, or give the tests isolation: 'restart' and make the changes in beforeEach, too."
  return new ResetError(`${instance} had to be replaced (${why}): ${what} are lost`, { instance, hint })
}

/** The error of a server that runs but could not be reset. */
export function notBroughtBack(when: string, why: string, details: Details, cause: unknown): ResetError {
  return new ResetError(`${details.instance} could not be brought back ${when}: ${why}`, {
    ...details,
    cause,
    hint: nextHasAnother,
  })
}

/** The error of a reset of one instance of a cluster. Its data would differ from that of the others. */
export function resetAlone(instance: string): ResetError {
  const hint = 'Call reset() of the TarantoolReplicaSet or the TarantoolCluster.'
  return new ResetError(`${instance} cannot be reset alone: it is an instance of a cluster`, { instance, hint })
}

/** The error of a reset of a server that keeps no record of its changes. */
export function notRecording(instance: string, hint: string): ResetError {
  return new ResetError(`${instance} does not record its changes: nothing can be undone`, { instance, hint })
}
