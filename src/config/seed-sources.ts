import { existsSync, statSync } from 'node:fs'
import { basename, extname, resolve } from 'node:path'
import { InvalidOptionError, SeedError } from '../errors.ts'
import type { InstanceOptions, SeedRows } from './options.ts'

/** A source of a seed's rows. The path of a file is absolute. */
export type SeedSource =
  | { readonly rows: SeedRows; readonly name: string }
  | { readonly file: string; readonly format: 'json' | 'ndjson'; readonly space: string }

const formats: Readonly<Record<string, 'json' | 'ndjson'>> = {
  '.json': 'json',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
}

function fileSource(option: string, given: string, baseDir: string): SeedSource {
  const extension = extname(given)
  const format = formats[extension]
  if (format === undefined) {
    throw new InvalidOptionError(
      `option '${option}' must be the path of a .json or .ndjson file, not ${JSON.stringify(given)}`,
      { hint: "Put rows that are Lua into 'seedLua'." },
    )
  }
  const file = resolve(baseDir, given)
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new SeedError(`${option}: the file ${file} does not exist`, {
      file,
      hint: given === file ? undefined : `The path is relative to ${baseDir}.`,
    })
  }
  return { file, format, space: basename(file, extension) }
}

/**
 * Checks that a value is rows by space, as a seed in code and a .json file have them.
 *
 * @param refuse gets the place, `users[2]`, and the fault
 */
export function checkSeedRows(given: object, refuse: (place: string, message: string) => never): void {
  for (const [space, rows] of Object.entries(given)) {
    if (!Array.isArray(rows)) refuse(space, 'must be a list of rows')
    else checkRowList(space, rows, refuse)
  }
}

/** Checks that each row of a list is an object or a list. */
export function checkRowList(
  space: string,
  rows: readonly unknown[],
  refuse: (place: string, message: string) => never,
): void {
  const bad = rows.findIndex(row => row === null || typeof row !== 'object')
  if (bad >= 0) refuse(`${space}[${bad}]`, `must be an object or an array, not ${JSON.stringify(rows[bad])}`)
}

/**
 * The sources of the option `seed`, in their order.
 *
 * @throws InvalidOptionError; SeedError if a file does not exist
 */
export function seedSources(given: InstanceOptions['seed'], baseDir: string): SeedSource[] {
  if (given === undefined) return []
  return (Array.isArray(given) ? given : [given]).map((source: string | SeedRows, index) => {
    const option = Array.isArray(given) ? `seed[${index}]` : 'seed'
    if (typeof source === 'string') return fileSource(option, source, baseDir)
    checkSeedRows(source, (place, message) => {
      throw new InvalidOptionError(`option '${option}': ${place} ${message}`)
    })
    return { rows: source, name: option }
  })
}
