import { readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { ResolvedFixture, ServerOptions } from '../config/fixture-config.ts'

const luaIn = (directory: string): string[] => {
  try {
    return readdirSync(directory)
      .filter(name => name.endsWith('.lua'))
      .map(name => join(directory, name))
  } catch {
    return []
  }
}

const listOf = (seed: ServerOptions['seed']): readonly unknown[] => (Array.isArray(seed) ? seed : [seed])

/**
 * The files that the servers of a fixture are made of: the Lua named in its config, and what stands beside it, and the rows
 * of seeds.
 */
export function serverFiles({ servers }: ResolvedFixture, baseDir: string): string[] {
  const files = new Set<string>()
  for (const { appLua, appDir, seedLua, seed, initLuaTemplate } of servers.values()) {
    for (const source of [appLua, seedLua, initLuaTemplate]) {
      if (source === undefined || !/^[^\n]*\.lua$/.test(source)) continue
      const path = resolve(baseDir, source)
      for (const file of [path, ...luaIn(dirname(path))]) files.add(file)
    }
    for (const source of listOf(seed)) if (typeof source === 'string') files.add(resolve(baseDir, source))
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
