import { BinaryNotExecutableError, type ErrorDetails, type TarantoolFixtureError } from '../../errors.ts'

// If the system has no room for another process, the program is not at fault.
const limits: Readonly<Record<string, string>> = {
  EAGAIN: 'This user has too many processes: raise the limit (ulimit -u), or run fewer servers at once.',
  EMFILE: 'This process has too many files open: raise the limit (ulimit -n).',
  ENFILE: 'This machine has too many files open.',
  ENOMEM: 'This machine has no memory left for one more process: run fewer servers at once.',
}

/** Makes an error of a process that could not be started. */
export function errorOfSpawn(command: string, cause: Error, details: ErrorDetails): TarantoolFixtureError {
  return new BinaryNotExecutableError(`cannot run ${command}: ${cause.message}`, {
    ...details,
    hint: limits[(cause as NodeJS.ErrnoException).code ?? ''],
    cause,
  })
}
