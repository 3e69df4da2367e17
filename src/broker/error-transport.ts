import { TarantoolFixtureError } from '../errors.ts'
import { errorClassOf } from '../errors-by-name.ts'
import type { SerializedError } from './messages.ts'

const fieldsOf = (error: TarantoolFixtureError): Record<string, unknown> => {
  const { name: _name, message: _message, stack: _stack, cause: _cause, ...fields } = { ...error }
  return fields
}

/** An error in the form in which it crosses the broker's socket, with its log lines. */
export function serializeError(error: unknown): SerializedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message } = error
  const { code } = error as { code?: string }
  // Errors of other classes may contain values that JSON cannot represent.
  return { name, message, code, ...(error instanceof TarantoolFixtureError && { fields: fieldsOf(error) }) }
}

/** Restores the error with its own class. */
export function deserializeError({ name, message, code, fields }: SerializedError): Error {
  const error = new Error(message)
  const ownClass = errorClassOf(name)
  if (ownClass) Object.setPrototypeOf(error, ownClass.prototype)
  return Object.assign(error, fields, { name, ...(code !== undefined && { code }) })
}
