import type { Lane, RunEvent, TestEvent } from '../broker/run-events.ts'
import { wallClock } from '../wall-clock.ts'
import { TextBudget } from './text-budget.ts'

// Beyond this number, events that are no tests are counted only.
const mostEvents = 200_000

/** The events of one run of tests, on the servers of one setup. */
export class RunRecord {
  readonly title: string | undefined
  began: number = wallClock()
  events: (readonly [lane: Lane, event: RunEvent])[] = []
  /** The versions of the servers' processes. */
  readonly versions: Map<Lane, string> = new Map()
  leftOut = 0
  /** The test events whose log or changes are left out. */
  cut: WeakSet<TestEvent> = new WeakSet()
  isOver = false
  #budget = new TextBudget()

  constructor(title: string | undefined) {
    this.title = title
  }

  /** Nothing is worth a report: no file had a server. Servers may have started ahead. */
  get isEmpty(): boolean {
    return this.events.every(([, event]) => event.kind === 'start' && event.error === undefined)
  }

  add(lane: Lane, event: RunEvent): void {
    if (event.kind === 'start' && event.version !== undefined) this.versions.set(lane, event.version)
    if (event.kind === 'test') this.#addTest(lane, event)
    else if (this.events.length < mostEvents) this.events.push([lane, event])
    else this.leftOut++
  }

  /** Forgets everything: another run of the tests begins on the same servers. */
  beginAnew(): void {
    this.began = wallClock()
    this.events = []
    this.leftOut = 0
    this.#budget = new TextBudget()
  }

  #addTest(lane: Lane, event: TestEvent): void {
    const kept = this.#budget.grants(event) ? event : { ...event, log: undefined, changes: undefined }
    if (kept !== event) this.cut.add(kept)
    this.events.push([lane, kept])
  }
}
