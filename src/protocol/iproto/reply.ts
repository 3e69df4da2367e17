import { BoxError, LuaError, ProtocolError } from '../../errors.ts'
import type { Codec } from '../values/codec.ts'
import { field, isLuaFailure, toFrames } from '../values/error-stack.ts'
import { ERROR_FLAG, KEY } from './constants.ts'

/** One reply; `body` decodes when it is called, so that a bad body fails its own request only. */
export interface Reply {
  type: number
  sync: number
  body(): unknown
}

/** @throws ProtocolError when the header cannot be read: it is unknown which request it answers. */
export function readReply(frame: Uint8Array, codec: Codec): Reply {
  const values = codec.decodeEach(frame)
  const header = values.next().value
  const type = field(header, KEY.requestType)
  const sync = field(header, KEY.sync)
  if (typeof type !== 'number' || typeof sync !== 'number') throw new ProtocolError('A reply has no header')
  return { type, sync, body: () => values.next().value }
}

/**
 * The values that a reply gives.
 *
 * @throws LuaError or BoxError when the reply is an error; ProtocolError when it cannot be read.
 */
export function toValues(reply: Reply, instance: string): unknown[] {
  const body = reply.body()
  if (reply.type & ERROR_FLAG) throw toError(reply.type & ~ERROR_FLAG, body, instance)
  const data = field(body, KEY.data) ?? []
  if (!Array.isArray(data)) throw new ProtocolError('A reply has no list of values', { instance })
  return data
}

function toError(boxCode: number, body: unknown, instance: string): LuaError {
  const frames = toFrames(field(body, KEY.error))
  const boxType = frames[0]?.type
  const message = String(field(body, KEY.error24) ?? frames[0]?.message ?? `error ${boxCode}`)
  const details = { instance, boxCode, boxType, frames }
  const isLua = isLuaFailure({ code: boxCode, type: boxType ?? '' })
  return isLua ? new LuaError(message, details) : new BoxError(message, details)
}
