import { readFileSync } from 'node:fs'
import { nearestName } from '../../config/nearest-name.ts'
import { type ErrorDetails, SeedError } from '../../errors.ts'
import { at, lineOfRow } from '../../seed/seed-json.ts'

/** A row that the server rejected, as fixtures/agent/seed.lua reports it. */
export interface SeedFailure {
  readonly message: string
  readonly file?: string
  readonly line?: number
  /** The name in messages of rows that were given in code: `seed`, `seed[1]`. */
  readonly source?: string
  readonly space?: string
  /** Index of the row, from 0. */
  readonly row?: number
  readonly field?: string
  /** True if the file is one JSON text, in which the code can find the row's line. */
  readonly json?: boolean
  /** A name that does not exist, and the existing names. */
  readonly wrong?: string
  readonly known?: readonly string[]
}

function lineOf({ json, file, line, space, row }: SeedFailure): number | undefined {
  if (!json || file === undefined || space === undefined || row === undefined) return line
  try {
    return lineOfRow(readFileSync(file, 'utf8'), space, row)
  } catch {
    return undefined
  }
}

function hintOf({ wrong, known = [] }: SeedFailure, where: string | undefined): string | undefined {
  if (wrong === undefined) return undefined
  const near = nearestName(wrong, known)
  if (near !== undefined) return `Did you mean '${near}'?`
  if (where !== undefined) return where
  return known.length > 0 ? `Known names: ${[...known].sort().join(', ')}.` : 'Neither appLua nor seedLua creates any.'
}

/**
 * Makes an error of a row that the server rejected.
 *
 * @param context its hint is for a name that is like no other
 */
export function errorOfSeed(failure: SeedFailure, context: ErrorDetails & { instance: string }): SeedError {
  const { file, source, space, row, field } = failure
  const line = lineOf(failure)
  const place = file === undefined ? source : at(file, line)
  const list = row === undefined ? '' : ` (${space}[${row}])`
  return new SeedError(`${context.instance} was not seeded: ${place ?? 'seed'}${list}: ${failure.message}`, {
    ...context,
    hint: hintOf(failure, context.hint),
    file,
    line,
    space,
    row,
    field,
  })
}
