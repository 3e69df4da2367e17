import type { Lane, RunEvent, TestEvent } from '../broker/run-events.ts'
import { ownVersion } from '../package-files.ts'
import { wallClock } from '../wall-clock.ts'
import { costOf } from './cost.ts'
import { formatVersion, type ReportData, type ReportedEvent, type ReportedServer } from './data.ts'
import { FileNames } from './file-names.ts'
import { ReportedTests } from './reported-tests.ts'
import type { RunRecord } from './run-record.ts'

type OtherEvent = Exclude<RunEvent, TestEvent>

const byName = ([, a]: readonly [unknown, Lane], [, b]: readonly [unknown, Lane]): number =>
  a.name.localeCompare(b.name, 'en') || a.number - b.number

/** The servers of the runs that have events, in the order of their names. */
function lanesOf(records: readonly RunRecord[]): (readonly [RunRecord, Lane])[] {
  return records.flatMap(record => {
    const lanes = [...new Set(record.events.map(([lane]) => lane))]
    return lanes.map(lane => [record, lane] as const).sort(byName)
  })
}

const serverOf =
  (isShared: boolean) =>
  ([{ title, versions }, lane]: readonly [RunRecord, Lane]): ReportedServer => {
    const { name, number, isCluster } = lane
    const version = versions.get(lane)
    return {
      name: `${name} ${number}`,
      ...(isShared && title !== undefined && { run: title }),
      ...(isCluster && { isCluster }),
      ...(version !== undefined && { version }),
    }
  }

/** Describes the runs of a report as data, in the state that they have now. */
export function dataOf(records: readonly RunRecord[]): ReportData {
  const began = Math.min(...records.map(record => record.began))
  const now = wallClock()
  const rounded = (time: number): number => Math.round(time * 100) / 100
  const since = (time: number): number => rounded(Math.max(time - began, 0))
  const lanes = lanesOf(records)
  const numbers = new Map(lanes.map(([, lane], number) => [lane, number]))
  const files = new FileNames()
  const tests = new ReportedTests({ since, rounded, files })
  const events: ReportedEvent[] = []
  for (const record of records) {
    for (const [lane, event] of record.events) {
      const server = numbers.get(lane) ?? 0
      if (event.kind === 'test') tests.add(server, event, record.cut.has(event))
      else events.push({ ...fieldsOf(event), server, at: since(event.at) } as ReportedEvent)
    }
  }
  function fieldsOf(event: OtherEvent): object {
    if (event.kind === 'death') {
      const { kind, instance, exitCode, signal, isAsked } = event
      return { kind, instance, exitCode, signal, ...(isAsked && { isAsked }) }
    }
    const took = rounded(event.took ?? now - event.at)
    if (event.kind === 'reset') return { kind: event.kind, took, undone: event.undone }
    if (event.kind === 'replacement') return { kind: event.kind, took, by: event.by }
    if (event.kind === 'lease') {
      return { kind: event.kind, took, waited: rounded(event.waited), file: files.numberOf(event.file) }
    }
    const { kind, instance, pid, isSpare, seedTook, error } = event
    const seeded = seedTook === undefined ? {} : { seedTook: rounded(seedTook) }
    return { kind, took, instance, pid, ...(isSpare && { isSpare }), ...seeded, error }
  }
  events.sort((a, b) => a.at - b.at)
  const leftOut = records.reduce((sum, record) => sum + record.leftOut, 0)
  return {
    version: formatVersion,
    fixture: ownVersion(),
    began: new Date(began).toISOString(),
    took: rounded(now - began),
    tests: tests.counts(),
    cost: costOf(events),
    servers: lanes.map(serverOf(records.length > 1)),
    files: files.all,
    results: tests.all,
    events,
    ...(leftOut > 0 && { leftOut }),
  }
}
