import { dirname, join, sep } from 'node:path'
import type { ResolvedOptions } from '../../config/resolve.ts'
import { packageDirectory } from '../../package-files.ts'
import { lineCountsDirectory } from '../start/line-counts.ts'
import type { ServerPlace } from '../start/program.ts'

interface Mount {
  readonly path: string
  readonly isReadOnly: boolean
}

const isBelow = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(`${directory}${sep}`)

// A quoted value of the list may contain a comma, as in CSV.
function field(name: string, value: string): string {
  const text = `${name}=${value}`
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/**
 * The files of this machine that a server in a container needs. Each has its own path in the container, so that
 * messages name the user's files.
 */
function mountsOf(options: ResolvedOptions, { directory, addresses }: ServerPlace): Mount[] {
  const { appLua, appDir, seedLua, seed } = options
  const writable = [
    directory,
    lineCountsDirectory(),
    // A socket that the user (or a test run) has put elsewhere.
    ...[addresses?.binary, addresses?.console.address].flatMap(at => (at && 'path' in at ? [dirname(at.path)] : [])),
  ]
  const readable = [
    join(packageDirectory, 'fixtures'),
    appDir,
    appLua && 'file' in appLua ? appLua.file : undefined,
    seedLua && 'file' in seedLua ? dirname(seedLua.file) : undefined,
    ...seed.map(source => ('file' in source ? source.file : undefined)),
  ]
  const mounts: Mount[] = []
  const add = (path: string | undefined, isReadOnly: boolean): void => {
    if (path === undefined) return
    const isThere = mounts.some(mount => mount.isReadOnly === isReadOnly && isBelow(path, mount.path))
    if (!isThere) mounts.push({ path, isReadOnly })
  }
  for (const path of readable) add(path, true)
  // Such a path may be below another mount. It stays writable all the same.
  for (const path of writable) add(path, false)
  return mounts
}

/** The arguments for the mounts. `--mount` refuses a path that does not exist, while `--volume` would create it. */
export function mountArguments(options: ResolvedOptions, place: ServerPlace): string[] {
  return mountsOf(options, place).flatMap(({ path, isReadOnly }) => {
    const fields = ['type=bind', field('source', path), field('target', path), ...(isReadOnly ? ['readonly'] : [])]
    return ['--mount', fields.join(',')]
  })
}
