import { type Dirent, readdirSync } from 'node:fs'

// In milliseconds. A run that is busy answers later than an idle one; one that hangs is listed without its servers.
const patience = 3000

/** Undefined if the promise rejects, or does not resolve within some seconds. */
export async function within<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(resolve, patience, undefined)
  })
  try {
    return await Promise.race([promise, late])
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

/** Undefined if the function throws. */
export function orUndefined<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** The content of a directory; nothing if it is not there, for example no longer. */
export const listed = (directory: string): Dirent[] =>
  orUndefined(() => readdirSync(directory, { withFileTypes: true })) ?? []
