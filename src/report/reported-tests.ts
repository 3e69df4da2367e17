import type { TestEvent } from '../broker/run-events.ts'
import type { ReportData, ReportedPart, ReportedTest } from './data.ts'
import type { FileNames } from './file-names.ts'

interface Scale {
  since(time: number): number
  rounded(time: number): number
  readonly files: FileNames
}

type Writable = { -readonly [Name in keyof ReportedTest]: ReportedTest[Name] } & { parts: ReportedPart[] }

const some = (lines: readonly string[] | undefined): lines is readonly string[] =>
  lines !== undefined && lines.length > 0

function partOf(server: number, event: TestEvent, isCut: boolean): ReportedPart {
  const { log, earlier, changes } = event
  return {
    server,
    ...(some(log) && { log }),
    ...(earlier && { earlier }),
    ...(some(changes) && { changes }),
    ...(isCut && { isCut }),
  }
}

/** The tests of a report. Each server of a test tells about the test, so the parts are brought together. */
export class ReportedTests {
  readonly #scale: Scale
  /** Tests of one name that began together share a key, as those do that never began. */
  readonly #byAttempt = new Map<string, Writable[]>()
  /** The latest attempt at each test. Two tests of one name are told apart by attempts that do not count up. */
  readonly #latest = new Map<string, Writable>()

  constructor(scale: Scale) {
    this.#scale = scale
  }

  get all(): ReportedTest[] {
    return this.#tests.sort((a, b) => a.at - b.at)
  }

  add(server: number, event: TestEvent, isCut: boolean): void {
    const { at, attempt, error, file, name, outcome, took } = event
    const part = partOf(server, event, isCut)
    const place = JSON.stringify([file, name])
    const key = JSON.stringify([place, at, attempt])
    const alike = this.#byAttempt.get(key) ?? []
    // A server tells of each test once.
    const known = alike.find(({ parts }) => !parts.some(each => each.server === server))
    if (known) {
      known.parts.push(part)
      return
    }
    const { since, rounded, files } = this.#scale
    const number = files.numberOf(file)
    const test: Writable = {
      ...(number !== undefined && { file: number }),
      ...{ name, outcome, at: since(at), took: rounded(took) },
      ...(attempt > 0 && { attempt }),
      ...(error !== undefined && { error }),
      parts: [part],
    }
    this.#byAttempt.set(key, [...alike, test])
    const former = this.#latest.get(place)
    if (former && attempt > (former.attempt ?? 0)) former.isRetried = true
    this.#latest.set(place, test)
  }

  counts(): ReportData['tests'] {
    const counts = { passed: 0, failed: 0, skipped: 0 }
    for (const { outcome, isRetried } of this.#tests) if (!isRetried) counts[outcome]++
    return counts
  }

  get #tests(): Writable[] {
    return [...this.#byAttempt.values()].flat()
  }
}
