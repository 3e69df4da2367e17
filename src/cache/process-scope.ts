import { createHash } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

let scope: string | undefined

/**
 * Names the host and the namespace that process IDs of this process have a meaning in. A cache may be shared by several
 * hosts or containers.
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

/** Whether a process of this scope has ended. */
export function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
