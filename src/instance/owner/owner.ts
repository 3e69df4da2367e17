import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { ownUid } from '../../trusted-path.ts'

/** The process that owns instances. It can be told from a later process with the same pid. */
export interface Owner {
  readonly pid: number
  /** The user that the owner runs as. */
  readonly uid: number
  /** The space in which `pid` is valid: host name and pid namespace. */
  readonly scope: string
  /** The time of its start, in the system's count; empty if the system does not say. */
  readonly started: string
}

function attempt(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

// proc(5): the 22nd field of /proc/PID/stat. Fields are counted after the name, which may contain spaces. The value
// starts from the boot, so the boot's id is added.
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
  self ??= { pid: process.pid, uid: ownUid, scope: scope(), started: startedAt(process.pid) }
  return self
}

/** Reads an owner from its JSON text; returns undefined for any other text. */
export function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, uid, scope, started } = JSON.parse(text) as Partial<Record<keyof Owner, unknown>>
    if (!Number.isSafeInteger(pid) || Number(pid) < 1 || typeof uid !== 'number') return undefined
    if (typeof scope !== 'string' || typeof started !== 'string') return undefined
    return { pid: Number(pid), uid, scope, started }
  } catch {
    return undefined
  }
}

/**
 * True if the owner ran as this user and has certainly ended. An owner on another host or in another container does not
 * count, because its pid means nothing here.
 */
export function isOwnerGone(owner: Owner): boolean {
  if (owner.uid !== ownUid || owner.scope !== thisOwner().scope) return false
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const started = startedAt(owner.pid)
  return owner.started !== '' && started !== '' && started !== owner.started
}
