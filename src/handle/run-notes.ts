import type { BrokerClient } from '../broker/client.ts'
import type { Outcome, WorkerEvent } from '../broker/run-events.ts'
import { demandIn, type Scope } from '../isolation/scope.ts'
import type { AgentOperation, AgentReply } from '../isolation/server.ts'
import { wallClock } from '../wall-clock.ts'
import { changeLines } from './failure-changes.ts'
import { readLog } from './failure-log.ts'
import type { LeasedServer } from './leased-server.ts'
import type { ServerNotes, TestOutcome } from './server-notes.ts'
import type { TestPlace } from './test-place.ts'

// Limits for one test. The report shows more of a failed test.
const linesOf = { passed: 10, failed: 50, skipped: 0 } as const
const longestLine = 400
const longestError = 4000
const changesAtMost = 10

const resets: ReadonlySet<AgentOperation> = new Set(['enter', 'enter_if_dirty', 'enter_at_once', 'rewind'])

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text)

// A test can throw anything, and a runner hands on a message that is no text.
const messageOf = ({ message }: { readonly message?: unknown }): string => cut(String(message ?? ''), longestError)

/** A test that is over, for the report of the run. */
interface NotedTest {
  readonly name: string
  readonly scope: Scope
  readonly outcome: Outcome
  readonly logSince: (server: LeasedServer) => number
}

// All servers of a test begin it at the same time.
const begins = new WeakMap<object, number>()

type TestNote = Extract<WorkerEvent, { kind: 'test' }>

/** Sends the notes about one server to the broker, test by test. */
export class RunNotes implements ServerNotes<LeasedServer> {
  readonly #server: LeasedServer
  readonly #client: BrokerClient
  /** The tests that have begun. */
  readonly #begun = new Set<object>()
  readonly #ended = new Map<object, TestNote>()
  #events: WorkerEvent[] = []

  constructor(server: LeasedServer, client: BrokerClient) {
    this.#server = server
    this.#client = client
  }

  async measure(operation: AgentOperation, asked: Promise<AgentReply>): Promise<AgentReply> {
    if (!resets.has(operation)) return await asked
    const at = wallClock()
    const reply = await asked
    // A server that was not reset did not cost the time of a reset.
    if (reply.dirty !== false)
      this.#events.push({ kind: 'reset', at, took: wallClock() - at, undone: reply.undone ?? 0 })
    return reply
  }

  begin(attempt: object): void {
    begins.set(attempt, wallClock())
  }

  async look(
    attempt: object,
    place: TestPlace,
    [error]: readonly { readonly message?: unknown }[],
    logSince: NotedTest['logSince'],
  ): Promise<void> {
    const now = wallClock()
    const at = begins.get(attempt) ?? now
    const name = place.name?.() ?? ''
    const outcome = place.outcome?.(error !== undefined) ?? (error ? 'failed' : 'passed')
    const test = { name, outcome, scope: place.scope, logSince }
    this.#ended.set(attempt, {
      ...{ kind: 'test', name, outcome, at, took: now - at, attempt: place.attempt?.() ?? 0 },
      ...(error && { error: messageOf(error) }),
      ...this.#log(test),
      changes: await this.#changes(test),
    })
    if (place.task) this.#begun.add(place.task)
  }

  end(attempt: object, error: Error | undefined): void {
    const note = this.#ended.get(attempt)
    this.#ended.delete(attempt)
    if (note) this.#events.push(error && !note.error ? { ...note, outcome: 'failed', error: messageOf(error) } : note)
    this.#send()
  }

  addOthers(tests: readonly TestOutcome[], all: readonly this[]): void {
    // The report brings together what servers tell of the same time.
    const at = wallClock()
    const others = tests.filter(({ task }) => !all.some(notes => notes.#begun.has(task)))
    for (const notes of all) {
      notes.#events.push(
        ...others.map(({ name, outcome }): TestNote => ({ kind: 'test', name, outcome, at, took: 0, attempt: 0 })),
      )
      notes.#send()
    }
  }

  // Nobody waits for the answer.
  #send(): void {
    const events = this.#events
    this.#events = []
    if (events.length === 0) return
    this.#client.request('note', { server: this.#server.name, events }).catch(() => {})
  }

  #log({ outcome, logSince }: NotedTest): { log: string[]; earlier: number } {
    const count = linesOf[outcome]
    const parts = [this.#server, ...this.#server.members.values()].map(server => {
      const { lines, earlier = -1 } = readLog(server, logSince(server), count)
      const { cluster, memberOf } = server.info
      const instance = memberOf === undefined ? cluster?.connect : server.name
      const prefix = instance === undefined ? '' : `${instance} | `
      return { lines: lines.map(line => cut(prefix + line, longestLine)), earlier }
    })
    const isMany = parts.some(({ earlier }) => earlier < 0)
    const earlier = parts.reduce((sum, part) => sum + part.earlier, 0)
    return { log: parts.flatMap(({ lines }) => lines), earlier: isMany ? -1 : earlier }
  }

  async #changes({ scope, outcome }: NotedTest): Promise<string[]> {
    const demand = demandIn(scope, this.#server.info)
    // A test that leaves the server alone must not cost a request.
    if (outcome === 'skipped' || !this.#server.isolated.isToTell(demand)) return []
    const lines = await changeLines(this.#server, changesAtMost)
    return lines.map(line => cut(line, longestLine))
  }
}
