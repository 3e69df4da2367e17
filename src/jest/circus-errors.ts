import type { ShownError } from '../handle/failure-log.ts'
import type { CircusError } from './circus.ts'

/**
 * The errors of a test or of hooks, in a form that accepts text under the message. Each test file has its own class
 * Error, and Node's modules have theirs, so the code recognises errors by their properties.
 *
 * @param from leaves out the errors before this position
 */
export function errorsIn(list: CircusError[], from = 0): ShownError[] {
  return list.flatMap((entry, index) => {
    if (index < from) return []
    const holder = (Array.isArray(entry) ? entry : [entry]) as [unknown, Error?]
    const [error] = holder
    if (typeof error === 'string') return [thrownText(holder)]
    if (!isError(error)) return []
    if (isAssertion(error)) return [generated(error)]
    if (isWritable(error)) return [error]
    const copy = copyOf(error)
    list[index] = Array.isArray(entry) ? [copy, holder[1]] : copy
    return [copy]
  })
}

// A DOMException, such as that of an AbortSignal, has getters; others are frozen.
const isWritable = (error: Error): boolean =>
  Reflect.set(error, 'message', error.message) && Reflect.set(error, 'stack', error.stack)

function copyOf(error: Error): Error {
  const copy = new Error(error.message, { cause: error })
  copy.name = error.name
  if (error.stack !== undefined) copy.stack = error.stack
  return copy
}

const isError = (value: unknown): value is Error & { readonly code?: unknown } =>
  typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string'

// jest-circus throws texts if a test takes too long, and shows them without a stack of their own.
function thrownText(holder: [unknown, Error?]): ShownError {
  return {
    get message() {
      return String(holder[0])
    },
    set message(text) {
      holder[0] = text
    },
  }
}

const isAssertion = ({ code }: { readonly code?: unknown }): boolean => code === 'ERR_ASSERTION'

// jest-circus makes a new message for an error of node:assert. It shows the part of the stack that is not the message.
function generated(error: Error): ShownError {
  return {
    message: error.message,
    get stack() {
      return error.stack
    },
    set stack(stack) {
      if (stack !== undefined) error.stack = stack
    },
  }
}
