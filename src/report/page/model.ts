import type { ReportData, ReportedEvent, ReportedTest } from '../data.ts'

/** Something that the timeline shows on one server, and that can be selected. */
export interface Item {
  readonly kind: ReportedEvent['kind'] | 'test'
  readonly lane: number
  readonly at: number
  readonly took: number
  readonly test?: ReportedTest
  readonly event?: ReportedEvent
}

/** The data of the page, in the order in which the page needs it. */
export interface Model {
  readonly data: ReportData
  /** The items of each server, by time. */
  readonly lanes: readonly (readonly Item[])[]
  /** The item of each test on its first server. */
  readonly itemOf: ReadonlyMap<ReportedTest, Item>
  /** The length of the time axis. */
  readonly length: number
}

/** Reads the data that the page contains. */
export function readModel(data: ReportData): Model {
  const lanes: Item[][] = data.servers.map(() => [])
  const itemOf = new Map<ReportedTest, Item>()
  for (const event of data.events) {
    const took = 'took' in event ? event.took : 0
    lanes[event.server]?.push({ kind: event.kind, lane: event.server, at: event.at, took, event })
  }
  for (const test of data.results) {
    for (const { server } of test.parts) {
      const item: Item = { kind: 'test', lane: server, at: test.at, took: test.took, test }
      lanes[server]?.push(item)
      if (!itemOf.has(test)) itemOf.set(test, item)
    }
  }
  for (const items of lanes) items.sort((a, b) => a.at - b.at)
  const length = lanes.flat().reduce((end, { at, took }) => Math.max(end, at + took), data.took)
  return { data, lanes, itemOf, length: Math.max(length, 1) }
}

const replacements: Readonly<Record<string, string>> = {
  restart: 'restart',
  'new process': 'new process',
  'step aside': 'process for one test',
  'come back': 'return of the file’s process',
}

/** The name of an item. */
export function titleOf({ event, test }: Item, { files }: ReportData): string {
  if (test) return test.name
  switch (event?.kind) {
    case 'start':
      return event.error !== undefined ? 'failed start' : event.isSpare ? 'start of a spare' : 'start'
    case 'lease':
      return `lease of ${event.file === undefined ? 'a file' : files[event.file]}`
    case 'reset':
      return `reset of ${event.undone} ${event.undone === 1 ? 'change' : 'changes'}`
    case 'replacement':
      return replacements[event.by] ?? event.by
    case 'death':
      return `${event.isAsked ? 'end' : 'crash'} (${event.signal ?? `exit code ${event.exitCode}`})`
    default:
      return ''
  }
}
