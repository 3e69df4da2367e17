import { join } from 'node:path'
import { inspect } from 'node:util'
import type { ChangedRow, Changes, TarantoolInstance } from '../../src/index.ts'
import { fixturesDirectory } from '../../src/package-files.ts'
import { luaLiteral } from '../../src/protocol/lua-literal.ts'
import { decode } from '../../src/protocol/values/codec.ts'

const definitions = join(fixturesDirectory, 'agent/isolation/changes/definitions.lua')

interface NamedSpace {
  readonly fields: readonly string[]
  readonly rows: readonly unknown[][]
}

/** The data of a server, by name: test/fixtures/isolation/named-dump.lua. */
interface NamedDump {
  readonly spaces: Readonly<Record<string, NamedSpace>>
  /** Undefined if this version cannot tell. */
  readonly sequences?: Readonly<Record<string, unknown>>
  readonly schema: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** The same as texts: a list of rows per space, a definition per name. */
type Texts = Record<string, string | string[]>

export async function dumpOf(instance: TarantoolInstance): Promise<NamedDump> {
  const [text] = await instance.command(`require('named-dump')(${luaLiteral(definitions)})`)
  return decode(Buffer.from(String(text), 'base64')) as NamedDump
}

const textOf = (value: unknown): string =>
  inspect(value, {
    depth: null,
    compact: true,
    maxStringLength: null,
    breakLength: Number.POSITIVE_INFINITY,
    sorted: true,
    maxArrayLength: null,
  })

// A password is not among the changes, but that it is another one.
const definitionText = (kind: string, definition: unknown): string =>
  textOf(kind === 'users' ? { ...(definition as object), password: undefined } : definition)

/** A dump as texts. */
export function textsOf({ spaces, sequences = {}, schema }: NamedDump): Texts {
  const texts: Texts = {}
  for (const [name, { rows }] of Object.entries(spaces))
    if (rows.length > 0) texts[`space ${name}`] = rows.map(textOf).sort()
  for (const [name, value] of Object.entries(sequences)) texts[`sequence ${name}`] = textOf(value)
  for (const [kind, named] of Object.entries(schema)) {
    for (const [name, definition] of Object.entries(named)) texts[`${kind} ${name}`] = definitionText(kind, definition)
  }
  return texts
}

function arrayOf(row: ChangedRow, fields: readonly string[]): unknown[] {
  if (Array.isArray(row)) return row
  return Object.keys(row).map((_, index) => row[fields[index] ?? String(index + 1)])
}

/** What the texts of a dump become by the changes. `now` only tells the names of fields. */
export function applied(before: NamedDump, changes: Changes, now: NamedDump): Texts {
  const texts = textsOf(before)
  for (const [name, { inserted = [], updated = [], deleted = [] }] of Object.entries(changes.spaces ?? {})) {
    const rowText = (row: ChangedRow, dump: NamedDump): string => textOf(arrayOf(row, dump.spaces[name]?.fields ?? []))
    const gone = [...deleted, ...updated.map(row => row.before)].map(row => rowText(row, before))
    const come = [...inserted, ...updated.map(row => row.after)].map(row => rowText(row, now))
    const rows = [...(texts[`space ${name}`] ?? [])]
    for (const text of gone) {
      const at = rows.indexOf(text)
      if (at < 0) throw new Error(`space ${name}: no row ${text} before`)
      rows.splice(at, 1)
    }
    rows.push(...come)
    if (rows.length > 0) texts[`space ${name}`] = rows.sort()
    else delete texts[`space ${name}`]
  }
  const put = (key: string, text: string | undefined): void => {
    if (text === undefined) delete texts[key]
    else texts[key] = text
  }
  for (const [name, { after }] of Object.entries(before.sequences ? (changes.sequences ?? {}) : {})) {
    put(`sequence ${name}`, after === undefined ? undefined : textOf(after))
  }
  for (const [kind, named] of Object.entries(changes.schema ?? {})) {
    for (const [name, { after }] of Object.entries(named as Record<string, { after?: unknown }>)) {
      put(`${kind} ${name}`, after === undefined ? undefined : definitionText(kind, after))
    }
  }
  return texts
}
