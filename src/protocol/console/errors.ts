import { BoxError, type BoxErrorFrame, LuaError, ProtocolError } from '../../errors.ts'
import { isLuaFailure } from '../values/error-stack.ts'

interface Failure {
  message: string
  stack?: string
  frames: BoxErrorFrame[]
}

/** The error that `fixtures/agent/command.lua` reports as JSON: a BoxError for an error object, else a LuaError. */
export function toCommandError(json: string, instance: string): LuaError | ProtocolError {
  const failure = parseFailure(json)
  if (!failure) return new ProtocolError(`The error of a command cannot be read: ${json.slice(0, 200)}`, { instance })
  const { message, stack, frames } = failure
  const [top] = frames
  const details = { instance, frames, luaStack: stack, boxCode: top?.code, boxType: top?.type }
  return top && !isLuaFailure(top) ? new BoxError(message, details) : new LuaError(message, details)
}

function parseFailure(json: string): Failure | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return isFailure(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isFailure(value: unknown): value is Failure {
  if (typeof value !== 'object' || value === null) return false
  return 'message' in value && typeof value.message === 'string' && 'frames' in value && Array.isArray(value.frames)
}
