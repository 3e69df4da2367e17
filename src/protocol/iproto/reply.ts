import { BoxError, LuaError, ProtocolError } from '../../errors.ts'
import { decodeEach } from '../values/codec.ts'
import { field, isLuaFailure, toFrames, toText } from '../values/error-stack.ts'
import { errorFlag, iprotoKey } from './constants.ts'

/** One reply. `body` decodes when it is called, so that an invalid body fails only its own request. */
export interface Reply {
  type: number
  sync: number
  body(): unknown
}

/** @throws ProtocolError if the header cannot be read: then the request that it answers is unknown */
export function readReply(frame: Uint8Array, instance: string): Reply {
  const values = decodeEach(frame, instance)
  const header = values.next().value
  const type = field(header, iprotoKey.requestType)
  const sync = field(header, iprotoKey.sync)
  if (!isUint(type) || !isUint(sync)) {
    throw new ProtocolError(`${instance} sent a reply without a header`, { instance })
  }
  return { type, sync, body: () => values.next().value }
}

const isUint = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/**
 * The values in a reply.
 *
 * @throws LuaError or BoxError if the reply is an error; ProtocolError if it cannot be read
 */
export function toValues(reply: Reply, instance: string): unknown[] {
  const body = reply.body()
  if (reply.type & errorFlag) throw toError(reply.type & ~errorFlag, body, instance)
  const data = field(body, iprotoKey.data) ?? []
  if (!Array.isArray(data)) throw new ProtocolError(`${instance} sent a reply without a list of values`, { instance })
  return data
}

/** The message of an error reply that belongs to no request. */
export function messageOf(reply: Reply, instance: string): string {
  return toError(reply.type & ~errorFlag, reply.body(), instance).luaMessage
}

function toError(codeOfType: number, body: unknown, instance: string): LuaError {
  const frames = toFrames(field(body, iprotoKey.error))
  // The reply's type contains only a part of a large error code, so the code in the frame comes first.
  const { type: boxType, code: boxCode = codeOfType, message: first } = frames[0] ?? {}
  const message = toText(field(body, iprotoKey.error24)) || first || `error ${boxCode}`
  const details = { instance, boxCode, boxType, frames }
  const isLua = isLuaFailure({ code: boxCode, type: boxType ?? '' })
  return isLua ? new LuaError(message, details) : new BoxError(message, details)
}
