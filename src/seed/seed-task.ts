import type { LuaSource, ResolvedOptions } from '../config/resolve.ts'
import type { SeedSource } from '../config/seed-sources.ts'
import { SeedError } from '../errors.ts'
import { encode } from '../protocol/values/codec.ts'
import { readJsonSeed } from './seed-json.ts'

/** What fixtures/agent/seed.lua is told of a source. */
type SeedInstruction =
  | { readonly kind: 'rows'; readonly name: string; readonly place: number }
  | { readonly kind: 'ndjson'; readonly file: string; readonly space: string }
  | { readonly kind: 'json'; readonly file: string; readonly space: string; readonly spaces: string[] | undefined }

/** What a new database is filled with. */
export interface SeedTask {
  readonly lua: LuaSource | undefined
  readonly sources: readonly SeedInstruction[]
  /** The rows that were given in code, as MessagePack: a list with an entry for each `place`. */
  readonly rows: Uint8Array | undefined
}

/** Whether there is anything to fill a database with. */
export function hasSeed(options: ResolvedOptions): boolean {
  return options.seedLua !== undefined || options.seed.length > 0
}

// Before 3.0 Lua does not tell binary from text: it has to be told which values are.
function binaryKeys(rows: readonly object[]): (readonly [row: number, keys: string[]])[] {
  return rows.flatMap((row, index) => {
    const keys = Object.entries(row).flatMap(([key, value]) => (value instanceof Uint8Array ? [key] : []))
    return keys.length > 0 ? [[index + 1, keys] as const] : []
  })
}

/** The rows of a source that is given in code, as MessagePack. */
export async function encodeRows(source: Extract<SeedSource, { rows: unknown }>): Promise<Uint8Array> {
  try {
    return encode(Object.entries(source.rows).map(([space, rows]) => [space, rows, binaryKeys(rows)]))
  } catch (cause) {
    throw new SeedError(`${source.name}: ${(cause as Error).message}`, { cause })
  }
}

// The header of a MessagePack list of up to 2^32 - 1 values.
function listHeader(length: number): Uint8Array {
  const header = Buffer.alloc(5)
  header.writeUInt8(0xdd)
  header.writeUInt32BE(length, 1)
  return header
}

/**
 * Reads the seed of an instance, as far as this process has to.
 *
 * @returns undefined where there is none
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
