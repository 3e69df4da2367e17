import type { LuaSource, ResolvedOptions } from '../config/resolve.ts'
import type { SeedSource } from '../config/seed-sources.ts'
import { SeedError } from '../errors.ts'
import { encode } from '../protocol/values/codec.ts'
import { readJsonSeed } from './seed-json.ts'

/** A source, in the form for fixtures/agent/seed.lua. */
type SeedInstruction =
  | { readonly kind: 'rows'; readonly name: string; readonly place: number }
  | { readonly kind: 'ndjson'; readonly file: string; readonly space: string }
  | { readonly kind: 'json'; readonly file: string; readonly space: string; readonly spaces: string[] | undefined }

/** The seed of a new database. */
export interface SeedTask {
  readonly lua: LuaSource | undefined
  readonly sources: readonly SeedInstruction[]
  /** The rows that were given in code, as MessagePack: a list with one entry per `place`. */
  readonly rows: Uint8Array | undefined
}

/** True if the options have a seed. */
export function hasSeed(options: ResolvedOptions): boolean {
  return options.seedLua !== undefined || options.seed.length > 0
}

// Before 3.0, Lua cannot tell binary values from text. So the server gets the keys of the binary values.
function binaryKeys(rows: readonly object[]): (readonly [row: number, keys: string[]])[] {
  return rows.flatMap((row, index) => {
    const keys = Object.entries(row).flatMap(([key, value]) => (value instanceof Uint8Array ? [key] : []))
    return keys.length > 0 ? [[index + 1, keys] as const] : []
  })
}

/** Encodes the rows of a source that is given in code, as MessagePack. */
export async function encodeRows(source: Extract<SeedSource, { rows: unknown }>): Promise<Uint8Array> {
  try {
    return encode(Object.entries(source.rows).map(([space, rows]) => [space, rows, binaryKeys(rows)]))
  } catch (cause) {
    throw new SeedError(`${source.name}: ${(cause as Error).message}`, { cause })
  }
}

// The header of a MessagePack list; it allows up to 2^32 - 1 values.
function listHeader(length: number): Uint8Array {
  const header = Buffer.alloc(5)
  header.writeUInt8(0xdd)
  header.writeUInt32BE(length, 1)
  return header
}

/**
 * Reads the parts of an instance's seed that this process needs.
 *
 * @returns undefined if the instance has no seed
 * @throws SeedError
 */
export async function readSeed(options: ResolvedOptions): Promise<SeedTask | undefined> {
  if (!hasSeed(options)) return undefined
  const inCode: Uint8Array[] = []
  const sources: SeedInstruction[] = []
  for (const source of options.seed) {
    if ('rows' in source) {
      inCode.push(await encodeRows(source))
      sources.push({ kind: 'rows', name: source.name, place: inCode.length })
    } else if (source.format === 'json') {
      const { file, space } = source
      sources.push({ kind: 'json', file, space, spaces: await readJsonSeed(file, space) })
    } else {
      sources.push({ kind: 'ndjson', file: source.file, space: source.space })
    }
  }
  const rows = inCode.length > 0 ? Buffer.concat([listHeader(inCode.length), ...inCode]) : undefined
  return { lua: options.seedLua, sources, rows }
}
