import { lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** The user that this process runs as. */
export const ownUid: number = process.getuid?.() ?? -1

const sticky = 0o1000
const groupMayWrite = 0o020
const othersMayWrite = 0o002
// The number of links that Linux follows.
const mostLinks = 40

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const fieldsOf = (file: string): string[][] =>
  readOrNothing(file)
    .split('\n')
    .map(line => line.split(':'))

// With a umask of 002, as on Ubuntu and Fedora, the user's private group can write to the user's files. That group has
// no other member.
function isPrivateGroup(gid: number): boolean {
  if (gid !== process.getgid?.()) return false
  const { username } = userInfo()
  const group = fieldsOf('/etc/group').find(([, , id]) => id === String(gid))
  if (!group) return false
  const members = (group[3] ?? '').split(',').filter(name => name !== '')
  const isOfAnother = ([, , uid, id]: string[]): boolean => id === String(gid) && uid !== String(ownUid)
  return members.every(name => name === username) && !fieldsOf('/etc/passwd').some(isOfAnother)
}

// A user namespace shows the files of every user that it does not contain as nobody's. Root's files are among these if
// the namespace does not contain the machine's root.
function isRootOutside(uid: number): boolean {
  if (String(uid) !== readOrNothing('/proc/sys/kernel/overflowuid').trim()) return false
  const ranges = readOrNothing('/proc/self/uid_map')
    .split('\n')
    .map(line => line.trim().split(/\s+/).map(Number))
  return !ranges.some(([first = 0, , count = 0]) => uid >= first && uid < first + count)
}

// A path that cannot be inspected cannot be used either.
function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

// Nobody's files in a shared directory can belong to any user. In other directories, only root can have made such
// files.
const isTrusted = ({ uid }: Stats, isInShared: boolean): boolean =>
  uid === ownUid || uid === 0 || (!isInShared && isRootOutside(uid))

const isOpen = ({ mode, gid }: Stats): boolean =>
  (mode & othersMayWrite) !== 0 || ((mode & groupMayWrite) !== 0 && !isPrivateGroup(gid))

// Follows a path part by part. A part that another user could change ends the walk.
function follow(path: string, shared: boolean): { readonly weakness: string } | { readonly status: Stats | undefined } {
  const rest = resolve(path).split('/').slice(1)
  let here = '/'
  let isShared = false
  let links = 0
  let last: Stats | undefined
  for (let name: string | undefined = ''; name !== undefined; name = rest.shift()) {
    const next = name === '..' ? dirname(here) : join(here, name)
    const status = statusOf(next)
    if (!status) return { status }
    if (!isTrusted(status, isShared && name !== '..')) {
      return { weakness: `${next} belongs to another user (uid ${status.uid})` }
    }
    if (status.isSymbolicLink()) {
      if (++links > mostLinks) return { weakness: `${path} leads through too many links` }
      const target = readlinkSync(next)
      if (target.startsWith('/')) {
        here = '/'
        isShared = false
      }
      rest.unshift(...target.split('/').filter(part => part !== ''))
      continue
    }
    const isLast = rest.length === 0
    const mayBeShared = status.isDirectory() && (status.mode & sticky) !== 0 && (!isLast || shared)
    isShared = isOpen(status)
    if (isShared && !mayBeShared) return { weakness: `others may write to ${next}` }
    here = next
    last = status
  }
  return { status: last }
}

/** How a path is judged. */
export interface Trust {
  /** True if the last directory may be like /tmp, where everybody makes files and removes only their own. */
  readonly shared?: boolean
}

/**
 * Says how another user of this machine, except root, could change the target of a path: who owns or can write to the
 * file or a directory above it. Missing parts at the end of the path count as ours, because we will make them.
 *
 * @returns undefined if nobody else can change the target
 */
export function pathWeakness(path: string, { shared = false }: Trust = {}): string | undefined {
  const found = follow(path, shared)
  return 'weakness' in found ? found.weakness : undefined
}

/**
 * The file or directory that a path leads to; undefined if it does not exist.
 *
 * @throws Error if another user could change the target of the path
 */
export function trustedStatus(path: string, { shared = false }: Trust = {}): Stats | undefined {
  const found = follow(path, shared)
  if ('weakness' in found) throw new Error(found.weakness)
  return found.status
}
