/** An error as it is shown: one of any realm, or the description of one. */
interface ShownError {
  message?: string | undefined
  stack?: string | undefined
}

// An error of another realm is no `Error` here. Node's own errors are such ones in a test of Jest.
const isShown = (error: unknown): error is ShownError =>
  typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string'

const replace = (error: ShownError, name: 'message' | 'stack', value: string): boolean =>
  Reflect.set(error, name, value) ||
  // The message of a DOMException, for example of a request that took too long, has no setter.
  Reflect.defineProperty(error, name, { value, configurable: true, writable: true, enumerable: false })

/**
 * Adds a text to the message of an error.
 *
 * @returns the error; if nobody can change it, because it is frozen or is no error, another one with this as its cause
 */
export function longerError(error: unknown, text: string): unknown {
  if (isShown(error)) {
    const { message = '', stack = '' } = error
    const longer = `${message}${text}`
    if (replace(error, 'message', longer)) {
      if (message !== '' && stack.includes(message))
        replace(
          error,
          'stack',
          stack.replace(message, () => longer),
        )
      return error
    }
  }
  return new Error(`${isShown(error) ? error.message : String(error)}${text}`, { cause: error })
}
