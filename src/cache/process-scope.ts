import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

let scope: string | undefined

/**
 * Names the host and the namespace in which this process's ID is valid. Several hosts or containers may share a cache.
 */
export function processScope(): string {
  if (scope !== undefined) return scope
  let namespace = ''
  try {
    namespace = readlinkSync('/proc/self/ns/pid')
  } catch {
    // Linux only.
  }
  scope = createHash('sha256').update(`${hostname()}:${namespace}`).digest('hex').slice(0, 8)
  return scope
}

/** When a process of this scope began, in the system's ticks. Undefined if the system does not say. */
export function startOf(pid: number): string | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The program's name, in parentheses, can hold anything.
    return status.slice(status.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/**
 * True if a process of this scope has ended.
 *
 * @param started the time when the process began, if it is known. A later process can have the same ID.
 */
export function hasEnded(pid: number, started?: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true
  }
  const now = started ? startOf(pid) : undefined
  return now !== undefined && now !== started
}
