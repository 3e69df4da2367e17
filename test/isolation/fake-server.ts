import { ConnectionError, InitScriptError, ProtocolError, RequestTimeoutError } from '../../src/errors.ts'
import { IsolatedServer } from '../../src/isolation/isolated-server.ts'
import type { Demand, Scope } from '../../src/isolation/scope.ts'
import type {
  AgentOperation,
  AgentReply,
  Death,
  Replacement,
  RequestsUnderWay,
  ServerControl,
  ServerFacts,
} from '../../src/isolation/server.ts'

/**
 * How a request to the agent fails.
 *
 * - `'lost'`: the agent cannot undo the changes.
 * - `'stuck'`: the agent does not answer.
 * - `'babbles'`: the agent's reply cannot be read, and the connection ends.
 * - `'dies'`: the server's process ends during the request.
 * - `'breaks'`: the connection ends, but the process lives.
 */
export type Fault = 'lost' | 'stuck' | 'babbles' | 'dies' | 'breaks'

type Rows = readonly string[]

const message = (what: string): string => `a fake server ${what}`

/** A fake server with an agent, in memory. Its data is a list of rows. */
export class FakeServer {
  readonly control: ServerControl = this.#newControl()
  readonly isolated: IsolatedServer
  rows: Rows = []
  /** The operations on the server's process, in order. */
  readonly done: string[] = []
  /** The number of requests to the agent. */
  asked = 0
  /** The failures of the next requests to the agent, and of the next starts of a process. */
  faults: (Fault | undefined)[] = []
  failedStarts = 0
  facts: ServerFacts
  /** The rows at the beginning of each level, the baseline first. */
  #levels: Rows[] = [[]]
  #death: Death | undefined
  #aside: { rows: Rows; levels: Rows[]; facts: ServerFacts } | undefined

  constructor(facts: Partial<ServerFacts> = {}) {
    this.facts = {
      name: 'default',
      isolation: 'reset',
      strict: false,
      records: true,
      generation: 1,
      beganEmpty: true,
      leasedBefore: false,
      aside: false,
      ...facts,
    }
    this.isolated = new IsolatedServer(this.control)
  }

  add(row: string): void {
    this.rows = [...this.rows, row]
  }

  /** The process has come back by itself, since no other process started. */
  #runsUnwatched = false
  /** The process that stands aside has ended. */
  asideDied = false
  /** The number of processes so far. */
  #processes = 1
  /** The requests that are running during a test's undo. */
  requests: RequestsUnderWay | undefined
  /** Clients other than the fixture have connected since the last request to the agent. */
  clientCame = false

  /** The same process, as seen by the worker of the next file. */
  nextFile(): FakeServer {
    const next = new FakeServer({ ...this.facts, leasedBefore: true })
    next.rows = this.rows
    next.#processes = this.#processes
    next.#levels = this.#levels
    return next
  }

  /** The process ends by itself, and nobody has noticed yet. */
  die(exitCode = 3): void {
    this.#death = { fingerprint: 'Tarantool[fake]', exitCode, logFile: '' }
  }

  /** The process ends by itself, and the watching connection has reported the end. */
  dieSeen(exitCode = 3): void {
    this.die(exitCode)
    this.isolated.watch.notice('ended')
  }

  /** A test stops the server. */
  stop(): void {
    this.isolated.watch.notice('taken-down')
  }

  /** A test freezes the server. */
  pause(): void {
    this.isolated.watch.notice('paused')
  }

  /** A test or a hook restarts the server, with its data. */
  restart(): void {
    this.stop()
    this.#levels = [this.rows]
    this.facts = { ...this.facts, generation: ++this.#processes, beganEmpty: false }
    this.isolated.watch.notice('runs')
  }

  #newControl(): ServerControl {
    return {
      facts: () => this.facts,
      ask: async (operation, keep = 0) => {
        this.asked++
        const fault = this.faults.shift()
        if (fault === 'dies') this.die()
        if (fault === 'breaks' || this.#death) throw new ConnectionError(message('ended'))
        if (fault === 'stuck') throw new RequestTimeoutError(message('does not answer'))
        if (fault === 'babbles') throw new ProtocolError(message('sent an invalid reply'))
        if (fault === 'lost') return { lost: 'too much' }
        return this.#answer(operation, keep)
      },
      replace: async by => this.#replace(by),
      stepAside: async by => this.#stepAside(by),
      comeBack: async () => this.#comeBack(),
      kill: async () => {
        this.done.push('kill')
        this.isolated.watch.notice('taken-down')
      },
      findDeath: async () => this.#death,
      describe: async () => ({ instance: 'Tarantool[fake]' }),
    }
  }

  #answer(operation: AgentOperation, keep: number): AgentReply {
    if (operation === 'digest') return { digest: this.rows.join(' ') }
    if (operation === 'requests') return { requests: this.requests }
    if (operation === 'enter' || operation === 'rewind') return this.#move(operation, keep)
    if (operation === 'enter_at_once') return this.#move('enter', keep)
    const clients = this.clientCame
    this.clientCame = false
    const hasChanged = this.rows.join() !== this.#levels.at(-1)?.join()
    if (operation === 'dirty') return { dirty: clients || hasChanged || this.rows.length > 0 }
    const isThere = this.#levels.length === keep + 1
    return isThere && !clients && !hasChanged ? { dirty: false } : { ...this.#move('enter', keep), clients }
  }

  #move(operation: 'enter' | 'rewind', keep: number): AgentReply {
    while (this.#levels.length > keep) {
      this.rows = this.#levels.pop() ?? []
      if (this.#levels.length === 0) {
        this.#levels.push(this.rows)
        break
      }
    }
    if (operation === 'rewind' || keep === 0) return { undone: 0 }
    this.#levels.push(this.rows)
    const kept = this.#levels.slice(0, -1).map((rows, index) => rows.join() !== this.#levels[index + 1]?.join())
    return { undone: 0, kept }
  }

  #stepAside(by: 'start' | 'spare'): void {
    if (this.failedStarts > 0) {
      this.failedStarts--
      this.done.push(by, 'back')
      this.isolated.watch.notice('taken-down')
      this.#runsUnwatched = true
      throw new InitScriptError(message('did not start'))
    }
    const { rows, facts } = this
    const levels = this.#levels
    this.#replace(by)
    this.done.push('aside')
    this.#aside = { rows, levels, facts }
    this.facts = { ...this.facts, aside: true }
  }

  #comeBack(): void {
    this.done.push('back')
    this.isolated.watch.notice('taken-down')
    const aside = this.#aside
    this.#aside = undefined
    this.#death = undefined
    if (!aside || this.asideDied) this.#replace('start')
    else {
      this.rows = aside.rows
      this.#levels = aside.levels
    }
    this.facts = { ...(this.asideDied ? this.facts : (aside?.facts ?? this.facts)), aside: false }
    this.isolated.watch.notice('runs')
  }

  #replace(by: Replacement): void {
    this.done.push(by)
    const runs = this.#runsUnwatched
    this.#runsUnwatched = false
    if (by === 'if-gone' && runs) {
      this.isolated.watch.notice('runs')
      return
    }
    if (by !== 'if-gone') this.isolated.watch.notice('taken-down')
    if (this.failedStarts > 0) {
      this.failedStarts--
      throw new InitScriptError(message('did not start'))
    }
    this.#death = undefined
    this.rows = []
    this.#levels = [[]]
    this.facts = {
      ...this.facts,
      generation: ++this.#processes,
      beganEmpty: true,
      records: this.facts.records || by === 'record',
    }
    this.isolated.watch.notice('runs')
  }
}

/** A suite that has hooks and uses the server. Its parent is another suite or the file. */
export const suiteIn = (parent: Scope | undefined): Scope => ({
  parent,
  uses: [{ server: 'default' }],
  hasHooks: true,
})

/** The default demand of a test or a hook in a file without hooks. */
export const demand = (wanted: Partial<Demand> = {}): Demand => ({
  isUsed: true,
  isolation: 'reset',
  strict: false,
  suites: [],
  hooksRan: false,
  stays: false,
  ...wanted,
})
