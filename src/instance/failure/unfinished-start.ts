import { StartAbortedError, StartTimeoutError } from '../../errors.ts'
import type { ServerDetails } from './details.ts'

/** Makes the error of a start that a stop cancelled. */
export const errorOfAbort = (details: ServerDetails): StartAbortedError =>
  new StartAbortedError(`the start of ${details.instance} was aborted by a stop`, details)

/**
 * Makes the error of a start that the option `timeout` ended.
 *
 * @param waitsFor the text that names what the server waits for, to append to the sentence
 * @param seedNote the reason why the seed runs at each start, if it does
 */
export const errorOfTimeout = (
  details: ServerDetails,
  timeout: number,
  waitsFor: string,
  seedNote: string | undefined,
): StartTimeoutError =>
  new StartTimeoutError(`${details.instance} was not ready within ${timeout} ms${waitsFor}`, {
    ...details,
    hint: ['The log shows how far the server came. Raise the option timeout to give it more time.', seedNote]
      .join(' ')
      .trim(),
  })

/** Makes the error of a wait that has ended while the start goes on. */
export const errorOfWait = (details: ServerDetails, timeout: number, waitsFor: string): StartTimeoutError =>
  new StartTimeoutError(`${details.instance} is not ready after ${timeout} ms${waitsFor}`, details)
