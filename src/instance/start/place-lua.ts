import { accessSync, constants, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { LuaSource } from '../../config/resolve.ts'
import { LuaFileError } from '../../errors.ts'
import type { SeedTask } from '../../seed/seed-task.ts'

/** The files can contain passwords, and the user can copy a kept directory to a place that others can read. */
export const ownerOnly = { mode: 0o600 } as const

/**
 * Places the user's Lua, so that a server can load it: a text gets a file.
 *
 * @throws LuaFileError
 */
export function placeLua(
  option: string,
  source: LuaSource | undefined,
  textFile: string,
): { file: string; name: string } | undefined {
  if (!source) return undefined
  if ('text' in source) {
    writeFileSync(textFile, source.text, ownerOnly)
    return { file: textFile, name: `=${option}` }
  }
  try {
    // The file existed when the options were checked.
    accessSync(source.file, constants.R_OK)
  } catch (error) {
    throw new LuaFileError(`${option}: cannot read ${source.file}: ${(error as Error).message}`, { cause: error })
  }
  return { file: source.file, name: `@${source.file}` }
}

/**
 * Places a seed's files in a server's directory.
 *
 * @returns the terms for fixtures/boot/seed.lua
 * @throws LuaFileError
 */
export function placeSeed(seed: SeedTask | undefined, workDir: string): object | undefined {
  if (!seed) return undefined
  const lua = placeLua('seedLua', seed.lua, join(workDir, 'seed.lua'))
  const rowsFile = join(workDir, 'seed.msgpack')
  if (seed.rows) writeFileSync(rowsFile, seed.rows, ownerOnly)
  return {
    lua_file: lua?.file,
    lua_name: lua?.name,
    lua_dir: seed.lua && 'file' in seed.lua ? dirname(seed.lua.file) : undefined,
    rows_file: seed.rows && rowsFile,
    sources: seed.sources,
  }
}
