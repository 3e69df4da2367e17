import { BoxError, type BoxErrorFrame, LuaError, ProtocolError } from '../../errors.ts'
import { isLuaFailure, toFields, toText } from '../values/error-stack.ts'
import { readValue } from './values.ts'

type Report = Readonly<Record<string, unknown>>

/** The error that `fixtures/agent/command.lua` reports: a BoxError for an error object, else a LuaError. */
export function toCommandError(bytes: Buffer, instance: string): LuaError | ProtocolError {
  const report = readValue(bytes, instance)
  if (!isRecord(report) || !Array.isArray(report.frames)) {
    return new ProtocolError(`${instance} sent an error that cannot be read`, { instance })
  }
  const frames = report.frames.filter(isRecord).map(toFrame)
  const [top] = frames
  const luaStack = report.stack === undefined ? undefined : toText(report.stack)
  const details = { instance, frames, luaStack, boxCode: top?.code, boxType: top?.type }
  const message = toText(report.message)
  return top && !isLuaFailure(top) ? new BoxError(message, details) : new LuaError(message, details)
}

function toFrame({ type, message, code, file, line, errno, fields }: Report): BoxErrorFrame {
  return {
    type: toText(type),
    message: toText(message),
    code: Number(code ?? 0),
    ...(file !== undefined && { file: toText(file), line: Number(line ?? 0) }),
    ...(errno !== undefined && { errno: Number(errno) }),
    ...(isRecord(fields) && { fields: toFields(fields) }),
  }
}

function isRecord(value: unknown): value is Report {
  return typeof value === 'object' && value !== null
}
