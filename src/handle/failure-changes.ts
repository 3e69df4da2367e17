import type { Changes, RowChanges } from '../isolation/changes.ts'
import type { Demand } from '../isolation/scope.ts'
import { clearTimeout, setTimeout } from '../node-builtins.ts'
import { changesIn } from './changes.ts'
import type { LeasedServer } from './leased-server.ts'
import { withoutShared } from './shared-changes.ts'

// A server that does not answer must not delay the report of a failure, in milliseconds.
const longestWait = 1000
const namesAtMost = 5
const rowsPerList = 3
const longestLine = 140

/** The changes that the tests of one server have made. */
export interface ServerChanges {
  readonly server: LeasedServer
  /** Undefined if the changes are unknown, because the server does not answer. */
  readonly changes: Changes | undefined
}

/** Reads the changes of servers, and of the instances of clusters. Changes that were replicated are named once. */
export async function readChanges(servers: readonly LeasedServer[]): Promise<ServerChanges[]> {
  const all = await Promise.all(servers.map(async server => ({ server, changes: await changesOf(server) })))
  const own = withoutShared(all)
  return servers.map((server, index) => ({ server, changes: own[index] }))
}

/**
 * The lines that say what a server's tests have changed; an empty list if that is nothing, or unknown.
 *
 * @param lines the largest number of lines
 */
export function describeChanges(
  { server, changes }: ServerChanges,
  { when, demand, lines }: { when: string; demand: Demand; lines: number },
): string[] {
  const { name, fingerprint, memberOf } = server.info
  if (!changes || lines <= 0) return []
  const isShared = demand.isolation === 'file' || demand.isolation === 'none'
  const since = isShared && when === 'during this test' ? 'since the first test' : when
  const who = `${fingerprint}${name === 'default' || memberOf !== undefined ? '' : ` (${name})`}`
  if (changes.lost !== undefined) return [`${who}: the changes ${since} are unknown: ${changes.lost}`]
  const summary = summaryOf(changes)
  return summary === '' ? [] : [`${who} changed ${since}: ${summary}`, ...rowsOf(changes.spaces ?? {}, lines - 1)]
}

/** The changes of a server, or of all instances of a cluster, in short: a summary, then the first rows. At most so many lines. */
export async function changeLines(server: LeasedServer, lines: number): Promise<string[]> {
  const all = await readChanges([server, ...server.members.values()])
  return all.flatMap(({ server: { info }, changes }) => shortLines(info, changes, lines)).slice(0, lines)
}

function shortLines(
  { name, memberOf, cluster }: LeasedServer['info'],
  changes: Changes | undefined,
  lines: number,
): string[] {
  const instance = memberOf === undefined ? cluster?.connect : name
  const prefix = instance === undefined ? '' : `${instance} | `
  if (!changes) return []
  if (changes.lost !== undefined) return [`${prefix}unknown: ${changes.lost}`]
  const summary = summaryOf(changes)
  return summary === '' ? [] : [`${prefix}${summary}`, ...rowsOf(changes.spaces ?? {}, lines - 1)]
}

async function changesOf(server: LeasedServer): Promise<Changes | undefined> {
  const { memberOf, records } = server.info
  const isAsked = (records || memberOf !== undefined) && server.isolated.watch.life.is === 'up'
  return isAsked ? await inTime(changesIn(server, { limit: rowsPerList }, true)) : undefined
}

// The failure itself is what counts, so errors are ignored.
async function inTime(asked: Promise<Changes>): Promise<Changes | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), longestWait)
  })
  try {
    return await Promise.race([asked.catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}

const kinds = ['inserted', 'updated', 'deleted'] as const

const countOf = (rows: RowChanges, kind: (typeof kinds)[number]): number =>
  (rows[kind]?.length ?? 0) + (rows.more?.[kind] ?? 0)

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

function some(names: readonly string[], separator: string, what: string): string {
  const more = names.length > namesAtMost ? [`${names.length - namesAtMost} more${what}`] : []
  return [...names.slice(0, namesAtMost), ...more].join(separator)
}

/** `users: 1 inserted, 2 updated; orders: 1 deleted; globals: counter`. */
function summaryOf({
  spaces = {},
  schema = {},
  sequences = {},
  globals = [],
  functions = [],
  modules = [],
  cfg = {},
}: Changes): string {
  const changed = Object.entries(spaces).map(([name, rows]) => {
    const counts = kinds.filter(kind => countOf(rows, kind) > 0).map(kind => `${countOf(rows, kind)} ${kind}`)
    return `${name}: ${counts.join(', ')}`
  })
  const others = {
    ...Object.fromEntries(Object.entries(schema).map(([kind, named]) => [`schema of ${kind}`, Object.keys(named)])),
    // A sequence that only gave new rows their keys says nothing.
    sequences: changed.length > 0 ? [] : Object.keys(sequences),
    globals,
    functions,
    modules,
    'box.cfg': Object.keys(cfg),
  }
  const listed = Object.entries(others).filter(([, names]) => names.length > 0)
  const rows = changed.length > 0 ? [some(changed, '; ', ' spaces')] : []
  return [...rows, ...listed.map(([kind, names]) => `${kind}: ${some(names, ', ', '')}`)].join('; ')
}

/** The first rows, one per line. */
function rowsOf(spaces: Readonly<Record<string, RowChanges>>, lines: number): string[] {
  const texts = Object.entries(spaces).flatMap(([name, { inserted = [], updated = [], deleted = [] }]) =>
    [
      ...inserted.map(row => `+ ${name} ${shortText(row)}`),
      ...updated.map(({ before, after }) => `~ ${name} ${shortText(before)} → ${shortText(after)}`),
      ...deleted.map(row => `- ${name} ${shortText(row)}`),
    ].map(text => cut(`  ${text}`)),
  )
  const total = sum(Object.values(spaces).flatMap(rows => kinds.map(kind => countOf(rows, kind))))
  if (texts.length === total && total <= lines) return texts
  const shown = texts.slice(0, Math.max(lines - 1, 0))
  return lines > 0 ? [...shown, `  … ${total - shown.length} more`] : []
}

const cut = (text: string): string => (text.length > longestLine ? `${text.slice(0, longestLine - 1)}…` : text)

function shortText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return `[${value.map(shortText).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  if (Object.getPrototypeOf(value) !== Object.prototype) return String(value)
  return `{ ${Object.entries(value)
    .map(([name, item]) => `${name}: ${shortText(item)}`)
    .join(', ')} }`
}
