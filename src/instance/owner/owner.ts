import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** The process that owns instances, told apart from any later one that gets the same pid. */
export interface Owner {
  readonly pid: number
  /** Where `pid` means something: host name and pid namespace. */
  readonly scope: string
  /** When it started, as the system counts; empty where the system does not say. */
  readonly started: string
}

function attempt(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

// proc(5): the 22nd field of /proc/PID/stat, counted behind the name, which may hold spaces. With the boot's id, since
// it counts from there.
function startedAt(pid: number): string {
  return attempt(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`
  })
}

const scope = (): string => `${hostname()}:${attempt(() => readlinkSync('/proc/self/ns/pid'))}`

let self: Owner | undefined

/** This process. */
export function thisOwner(): Owner {
  self ??= { pid: process.pid, scope: scope(), started: startedAt(process.pid) }
  return self
}

/** Whether an owner is gone for certain. One of another host or container is not: its pid says nothing here. */
export function isOwnerGone(owner: Owner): boolean {
  if (owner.scope !== thisOwner().scope) return false
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const started = startedAt(owner.pid)
  return owner.started !== '' && started !== '' && started !== owner.started
}
