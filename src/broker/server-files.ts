import { readdirSync, statSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import type { ResolvedFixture } from '../config/fixture-config.ts'
import { directoryPrefix } from '../instance/place/directory.ts'

// Installed modules change only with an installation, and are too many files for a watcher. A server's own directory may be
// in the project, and has an init script.
const isLeftOut = (name: string): boolean =>
  name === '.rocks' || name === 'node_modules' || name === '.git' || name.startsWith(directoryPrefix)

// Ignores files that cannot be read or were removed meanwhile: Tarantool cannot load them either.
function orNothing<Value>(read: () => Value[]): Value[] {
  try {
    return read()
  } catch {
    return []
  }
}

/** The Lua files below a directory. */
function luaBelow(directory: string, seen = new Set<string>()): string[] {
  return orNothing(() => {
    // A symbolic link may lead back to a directory above it.
    const { dev, ino } = statSync(directory)
    if (seen.has(`${dev}:${ino}`)) return []
    seen.add(`${dev}:${ino}`)
    return readdirSync(directory).flatMap(name => {
      const path = join(directory, name)
      if (name.endsWith('.lua')) return [path]
      return isLeftOut(name) || !leadsToDirectory(path) ? [] : luaBelow(path, seen)
    })
  })
}

const leadsToDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/** The files and directories that the servers of a fixture are made from. */
export interface ServerFiles {
  /**
   * The Lua files that the config names, the Lua files that `require` finds below the directory, and the rows of seeds.
   */
  readonly files: readonly string[]
  /** Directories in which new Lua files may appear. */
  readonly roots: readonly string[]
}

/** The files that the servers of a fixture are made from. */
export function serverFiles({ servers }: ResolvedFixture): ServerFiles {
  const files = new Set<string>()
  const roots = new Set<string>()
  for (const { application, replicaSet, seedLua, seed, ...server } of servers.values()) {
    if (application) {
      for (const file of [application.configFile, application.instancesFile]) if (file !== undefined) files.add(file)
      roots.add(application.directory)
    }
    const members = replicaSet?.members.map(({ own }) => own) ?? [server]
    for (const source of [seedLua, ...members.flatMap(({ appLua, initLuaTemplate }) => [appLua, initLuaTemplate])]) {
      if (source === undefined || 'text' in source) continue
      files.add(source.file)
      roots.add(dirname(source.file))
    }
    for (const source of seed) if ('file' in source) files.add(source.file)
    for (const { appDir } of members) if (appDir !== undefined) roots.add(appDir)
  }
  for (const root of roots) for (const file of luaBelow(root)) files.add(file)
  return { files: [...files], roots: [...roots] }
}

/** True if a path, new or known, is a Lua file that the servers may load. */
export function isLuaBelow(path: string, roots: readonly string[]): boolean {
  if (!path.endsWith('.lua')) return false
  return roots.some(root => {
    const parts = relative(root, path).split(sep)
    return parts[0] !== '..' && !parts.some(isLeftOut)
  })
}

/** A text that differs if two states of a list of files differ. */
export function stampOf(files: readonly string[]): string {
  return files
    .map(file => {
      const status = statSync(file, { throwIfNoEntry: false })
      return `${file}:${status?.mtimeMs}:${status?.size}:${status?.ino}`
    })
    .sort()
    .join('\n')
}
