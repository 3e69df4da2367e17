import { hookTimeout } from '../handle/hook-timeout.ts'
import type { CircusBlock, CircusHook } from './circus.ts'

const ours = new WeakSet<CircusHook>()

/** A hook that is not the user's. */
export function hook(type: CircusHook['type'], parent: CircusBlock, fn: () => unknown): CircusHook {
  // jest-circus shows this stack under an error that the hook throws.
  const asyncError = new Error(`tarantool-fixture: ${type}`)
  const made: CircusHook = { type, fn: () => fn(), timeout: hookTimeout, parent, asyncError, seenDone: false }
  ours.add(made)
  return made
}

export function isOurs(made: CircusHook): boolean {
  return ours.has(made)
}
