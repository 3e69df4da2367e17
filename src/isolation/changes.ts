import { InvalidOptionError, NotRecordedError } from '../errors.ts'
import { decode } from '../protocol/values/codec.ts'
import type { AgentReply } from './server.ts'

/** Options of `changes()`. */
export interface ChangesOptions {
  /** The longest list of rows in the answer. The numbers of further rows are in `more`. Default 1000. */
  readonly limit?: number | undefined
}

/** A value before and after. A property is missing if the thing did not exist, or had no value. */
export interface Change<Value = unknown> {
  before?: Value
  after?: Value
}

/** A row: an object by the names of the space's format, or an array if the space has no format. */
export type ChangedRow = Record<string, unknown> | unknown[]

/** The rows of one space that changed, in the order of the primary key. An empty list is missing. */
export interface RowChanges {
  inserted?: ChangedRow[]
  updated?: { before: ChangedRow; after: ChangedRow }[]
  deleted?: ChangedRow[]
  /** The numbers of rows that the limit cut off. */
  more?: { inserted?: number; updated?: number; deleted?: number }
}

/** A definition in the schema. It refers to other things by name. Properties with their usual values are missing. */
export type Definition = Record<string, unknown>

/** The definitions in the schema that changed, by name. An index has the name `space.index`. */
export interface SchemaChanges {
  spaces?: Record<string, Change<Definition>>
  indexes?: Record<string, Change<Definition>>
  sequences?: Record<string, Change<Definition>>
  /** The sequence of a primary key, by the name of the space. */
  autoIncrements?: Record<string, Change<Definition>>
  users?: Record<string, Change<Definition>>
  roles?: Record<string, Change<Definition>>
  /** Rights, separated by commas, by user and object: `'ann: space orders'`. */
  privileges?: Record<string, Change<string>>
  functions?: Record<string, Change<Definition>>
  constraints?: Record<string, Change<Definition>>
  collations?: Record<string, Change<Definition>>
  /** Triggers of SQL. */
  triggers?: Record<string, Change<Definition>>
}

/** The changes in a server. A property is missing if nothing of its kind has changed. */
export interface Changes {
  /** The reason why the changes are unknown. There are no other properties then. */
  lost?: string
  /** The rows, by the name of the space. */
  spaces?: Record<string, RowChanges>
  /** The values of sequences, by name. */
  sequences?: Record<string, Change<number | bigint>>
  schema?: SchemaChanges
  /** The names of global variables that were set, replaced or removed. */
  globals?: string[]
  /** The names of replaced functions in modules and global tables: `'fiber.sleep'`. */
  functions?: string[]
  /** The names of modules that were replaced or removed in `package.loaded`. */
  modules?: string[]
  /** The options of `box.cfg`, by name. */
  cfg?: Record<string, Change>
}

/** The error of a question for changes that nothing has recorded. */
export function changesNotRecorded(instance: string, why: string, hint: string): NotRecordedError {
  return new NotRecordedError(`${instance} does not record its changes: ${why}`, { instance, hint })
}

const usualLimit = 1000

/** The limit that the options ask for. @throws InvalidOptionError */
export function limitOf({ limit = usualLimit }: ChangesOptions): number {
  if (limit === Number.POSITIVE_INFINITY) return Number.MAX_SAFE_INTEGER
  if (Number.isSafeInteger(limit) && limit >= 0) return limit
  throw new InvalidOptionError(`changes: option 'limit' must be a number of rows, not ${String(limit)}`)
}

type Lists<Row> = { inserted: Row[]; updated: [Row, Row][]; deleted: Row[] }
type Kind = keyof Lists<unknown>

/** The rows of a space in the form of fixtures/agent/isolation/changes/rows.lua. */
interface SentSpace extends Lists<unknown[]> {
  readonly name: string
  /** The names of the format's fields, now and before. */
  readonly fields: readonly (string | false)[]
  readonly old_fields: readonly (string | false)[]
  readonly counts: Readonly<Record<Kind, number>>
}

interface SentChange {
  readonly name: string
  readonly before?: unknown
  readonly now?: unknown
}

interface Sent {
  readonly spaces: readonly SentSpace[]
  readonly sequences: readonly SentChange[]
  readonly schema: Readonly<Record<string, readonly SentChange[]>>
  readonly globals: readonly string[]
  readonly functions: readonly string[]
  readonly modules: readonly string[]
  readonly cfg: readonly SentChange[]
}

/** Reads the agent's reply: fixtures/agent/isolation/changes/main.lua. @throws NotRecordedError for a replica */
export function readChanges({ changes, lost }: AgentReply, instance: string): Changes {
  if (lost !== undefined) return { lost }
  if (changes === undefined) throw changesNotRecorded(instance, 'it is a replica', "Ask the replica's master.")
  const sent = decode(changes, { instance }) as Sent
  const schema = Object.entries(sent.schema).map(([kind, list]) => [kind, byName(list)] as const)
  return withoutEmpty({
    spaces: Object.fromEntries(sent.spaces.map(space => [space.name, rowsOf(space)])),
    sequences: byName(sent.sequences) as Record<string, Change<number | bigint>>,
    schema: Object.fromEntries(schema.sort(([a], [b]) => (a < b ? -1 : 1))) as SchemaChanges,
    globals: [...sent.globals],
    functions: [...sent.functions],
    modules: [...sent.modules],
    cfg: byName(sent.cfg),
  })
}

function withoutEmpty<Some extends object>(some: Some): Partial<Some> {
  const entries = Object.entries(some).filter(([, value]) => Object.keys(value).length > 0)
  return Object.fromEntries(entries) as Partial<Some>
}

// The keys of a table in Lua have no order.
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, inOrder(item)]))
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null

function byName(list: readonly SentChange[]): Record<string, Change> {
  const change = ({ before, now }: SentChange): Change => ({
    ...(isThere(before) && { before: inOrder(before) }),
    ...(isThere(now) && { after: inOrder(now) }),
  })
  return Object.fromEntries(list.map(sent => [sent.name, change(sent)]))
}

function rowsOf({ fields, old_fields, counts, inserted, updated, deleted }: SentSpace): RowChanges {
  const more = withNumbers({
    inserted: counts.inserted - inserted.length,
    updated: counts.updated - updated.length,
    deleted: counts.deleted - deleted.length,
  })
  return withoutEmpty({
    inserted: inserted.map(row => named(row, fields)),
    updated: updated.map(([before, after]) => ({ before: named(before, old_fields), after: named(after, fields) })),
    deleted: deleted.map(row => named(row, old_fields)),
    more,
  })
}

function withNumbers(numbers: Record<Kind, number>): Partial<Record<Kind, number>> {
  return Object.fromEntries(Object.entries(numbers).filter(([, number]) => number > 0))
}

// A field that the format does not name has its number in Lua.
function named(row: unknown[], fields: readonly (string | false)[]): ChangedRow {
  if (fields.length === 0) return row
  return Object.fromEntries(row.map((value, index) => [fields[index] || String(index + 1), value]))
}
