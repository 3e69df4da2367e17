import { BoxError, ConnectionError, LuaError, RequestTimeoutError } from '../errors.ts'

/** The error of a request to a frozen server says that it is frozen. Errors with another reason stay as they are. */
export function explainPause(error: unknown, hint: string): unknown {
  if (!(error instanceof ConnectionError || error instanceof RequestTimeoutError)) return error
  const Class = error instanceof RequestTimeoutError ? RequestTimeoutError : ConnectionError
  const { summary, instance, cause } = error
  return new Class(`${summary}: the server is paused`, { instance, hint, cause })
}

const readOnlyCode = 7

/** True if a server refused a write because it is read-only. */
export const isReadOnly = (error: unknown): error is LuaError =>
  error instanceof LuaError && error.boxCode === readOnlyCode

/** The facts about a member that has refused a write. */
export interface ReadOnlyMember {
  readonly name: string
  readonly replicaset: string
  /** Undefined if no member is writable. */
  readonly leader: string | undefined
}

/** The error of a write to a read-only member names the member and the leader. */
export function explainReadOnly(error: LuaError, { name, replicaset, leader }: ReadOnlyMember): LuaError {
  // It was writable again before anybody asked.
  if (leader === name) return error
  const who = leader === undefined ? 'no member of it is writable' : `its leader is '${leader}', which leader() finds`
  const hint = `'${name}' is a read-only member of the replica set '${replicaset}': ${who}.`
  const { luaMessage, instance, boxCode, boxType, frames, luaStack, cause } = error
  const Class = error instanceof BoxError ? BoxError : LuaError
  return new Class(luaMessage, { instance, hint, boxCode, boxType, frames, luaStack, cause })
}
