import { readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { ResolvedFixture } from '../config/fixture-config.ts'

const luaIn = (directory: string): string[] => {
  try {
    return readdirSync(directory)
      .filter(name => name.endsWith('.lua'))
      .map(name => join(directory, name))
  } catch {
    return []
  }
}

/** The Lua files that the servers of a fixture are made of: those named in its config, and those beside them. */
export function luaFiles({ servers }: ResolvedFixture, baseDir: string): string[] {
  const files = new Set<string>()
  for (const { appLua, appDir, initLuaTemplate } of servers.values()) {
    for (const source of [appLua, initLuaTemplate]) {
      if (source === undefined || !/^[^\n]*\.lua$/.test(source)) continue
      const path = resolve(baseDir, source)
      for (const file of [path, ...luaIn(dirname(path))]) files.add(file)
    }
    if (appDir !== undefined) for (const file of luaIn(resolve(baseDir, appDir))) files.add(file)
  }
  return [...files]
}

/** Tells two states of a list of files apart. */
export function stampOf(files: readonly string[]): string {
  return files
    .map(file => {
      const status = statSync(file, { throwIfNoEntry: false })
      return `${file}:${status?.mtimeMs}:${status?.size}`
    })
    .join('\n')
}
