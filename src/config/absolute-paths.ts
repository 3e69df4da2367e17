import { resolve } from 'node:path'
import type { ServerOptions } from './fixture-config.ts'

const paths = ['appLua', 'initLuaTemplate', 'appDir', 'root'] as const
const luaFile = /^[^\n]*\.lua$/

/** Options with their paths made absolute, to be laid under others that are relative to another directory. */
export function withAbsolutePaths(options: ServerOptions, baseDir: string): ServerOptions {
  const absolute: ServerOptions = { ...options }
  for (const name of paths) {
    const value = options[name]
    if (value === undefined) continue
    const isText = (name === 'appLua' || name === 'initLuaTemplate') && !luaFile.test(value)
    if (!isText) absolute[name] = resolve(baseDir, value)
  }
  return absolute
}
