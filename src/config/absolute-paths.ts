import { resolve } from 'node:path'
import { engineProgram } from './docker.ts'
import type { ServerOptions } from './server-options.ts'

const paths = ['appLua', 'seedLua', 'initLuaTemplate', 'appDir', 'root'] as const
const mayBeText: ReadonlySet<string> = new Set(['appLua', 'seedLua', 'initLuaTemplate'])
const luaFile = /^[^\n]*\.lua$/

/** Options with their paths made absolute, to be laid under others that are relative to another directory. */
export function withAbsolutePaths(options: ServerOptions, baseDir: string): ServerOptions {
  const absolute: ServerOptions = { ...options, ...(options.seed && { seed: absoluteSeed(options.seed, baseDir) }) }
  const { docker } = options
  if (docker?.engine !== undefined) {
    absolute.docker = { ...docker, engine: engineProgram(docker.engine, baseDir) }
  }
  for (const name of paths) {
    const value = options[name]
    if (value === undefined) continue
    if (!mayBeText.has(name) || luaFile.test(value)) absolute[name] = resolve(baseDir, value)
  }
  return absolute
}

type Seed = NonNullable<ServerOptions['seed']>

function absoluteSeed(seed: Seed, baseDir: string): Seed {
  if (typeof seed === 'string') return resolve(baseDir, seed)
  if (!Array.isArray(seed)) return seed
  return seed.map((source: string | object) => (typeof source === 'string' ? resolve(baseDir, source) : source)) as Seed
}
