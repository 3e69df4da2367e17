import type { BoxErrorFrame } from '../../errors.ts'

/** `ER_PROC_LUA`: an error of Lua code that is not an error object of the database. */
const PROC_LUA = 32

/** Was this raised by Lua code as such, and not by the database? */
export function isLuaFailure(frame: Pick<BoxErrorFrame, 'code' | 'type'>): boolean {
  return frame.code === PROC_LUA || frame.type === 'LuajitError'
}

/**
 * The frames of an MP_ERROR map, outermost first; empty when it is none.
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
    type: String(field(map, 0) ?? ''),
    file: String(field(map, 1) ?? ''),
    line: Number(field(map, 2) ?? 0),
    message: String(field(map, 3) ?? ''),
    errno: Number(field(map, 4) ?? 0),
    code: Number(field(map, 5) ?? 0),
    ...(isRecord(fields) && { fields }),
  }
}

/** The MP_ERROR map of these frames. */
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
  return typeof value === 'object' && value !== null
}

/** A field of a map with number keys, which is a plain object by now. */
export function field(map: unknown, key: number): unknown {
  return isRecord(map) ? map[key] : undefined
}
