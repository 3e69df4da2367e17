import { StartAbortedError, StartTimeoutError } from '../../errors.ts'
import type { ServerDetails } from './details.ts'

/** Makes the error of a start that a stop called off. */
export const errorOfAbort = (details: ServerDetails): StartAbortedError =>
  new StartAbortedError(`the start of ${details.instance} was aborted by a stop`, details)

/**
 * Makes the error of a start that the option `timeout` ended.
 *
 * @param waitsFor what the server waits for, to be put behind the sentence
 * @param seedNote why the seed takes its time at each start, where it does
 */
export const errorOfTimeout = (
  details: ServerDetails,
  timeout: number,
  waitsFor: string,
  seedNote: string | undefined,
): StartTimeoutError =>
  new StartTimeoutError(`${details.instance} was not ready within ${timeout} ms${waitsFor}`, {
    ...details,
    hint: ['The log says how far it came; the option timeout gives it longer.', seedNote].join(' ').trim(),
  })

/** Makes the error of a wait that has ended, while the start goes on. */
export const errorOfWait = (details: ServerDetails, timeout: number, waitsFor: string): StartTimeoutError =>
  new StartTimeoutError(`${details.instance} is not ready after ${timeout} ms${waitsFor}`, details)
