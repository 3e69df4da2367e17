import { types } from 'node:util'
import type { BoxErrorFrame } from '../../errors.ts'
import { readableText } from '../../readable-text.ts'
import { ByteString } from './byte-string.ts'

/** `ER_PROC_LUA`: an error of Lua code that is not an error object of the database. */
const procLua = 32

/** True if Lua code raised the error itself, and not the database. */
export function isLuaFailure(frame: Pick<BoxErrorFrame, 'code' | 'type'>): boolean {
  return frame.code === procLua || frame.type === 'LuajitError'
}

/**
 * The frames of an MP_ERROR map, outermost first. Empty if the value is no such map.
 *
 * @see https://www.tarantool.io/en/doc/latest/reference/internals/msgpack_extensions/#the-error-type
 */
export function toFrames(map: unknown): BoxErrorFrame[] {
  const stack = field(map, 0)
  return Array.isArray(stack) ? stack.map(toFrame) : []
}

function toFrame(map: unknown): BoxErrorFrame {
  const fields = field(map, 6)
  return {
    type: toText(field(map, 0)),
    file: toText(field(map, 1)),
    line: Number(field(map, 2) ?? 0),
    message: toText(field(map, 3)),
    errno: Number(field(map, 4) ?? 0),
    code: Number(field(map, 5) ?? 0),
    ...(isRecord(fields) && { fields: toFields(fields) }),
  }
}

/** Converts a value to text, whatever its type: the server may send anything. */
export function toText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return types.isUint8Array(value) ? readableText(value) : String(value)
}

/**
 * The additional fields of an error, such as the two tuples with a duplicate key. Converted so that people can read
 * them.
 */
export function toFields(fields: object): Record<string, unknown> {
  const entries: [unknown, unknown][] = types.isMap(fields) ? [...fields] : Object.entries(fields)
  return Object.fromEntries(entries.map(([name, value]) => [toText(name), withTexts(value)]))
}

function withTexts(value: unknown): unknown {
  if (value instanceof ByteString) return readableText(value)
  if (Array.isArray(value)) return value.map(withTexts)
  if (types.isMap(value)) return new Map([...value].map(([key, item]) => [withTexts(key), withTexts(item)]))
  return isPlain(value) ? toFields(value) : value
}

// A comparison with Object.prototype would fail: the sandbox of a test runner has its own.
function isPlain(value: unknown): value is object {
  return isRecord(value) && [null, 'Object'].includes(Object.getPrototypeOf(value)?.constructor.name ?? null)
}

/** The MP_ERROR map for these frames. */
export function fromFrames(frames: readonly BoxErrorFrame[]): Map<number, unknown> {
  const stack = frames.map(({ type, file = '', line = 0, message, errno = 0, code, fields }) => {
    const map = new Map<number, unknown>([
      [0, type],
      [1, file],
      [2, line],
      [3, message],
      [4, errno],
      [5, code],
    ])
    return fields ? map.set(6, fields) : map
  })
  return new Map([[0, stack]])
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A field of a map with number keys. The map is a plain object by now, or a Map if another key made it one. */
export function field(map: unknown, key: number): unknown {
  if (types.isMap(map)) return map.get(key)
  return isRecord(map) ? map[key] : undefined
}
