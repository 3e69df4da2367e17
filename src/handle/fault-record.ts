import { type Condition, conditionText, type Fault, type LinkPlace, linkText } from '../link/fault.ts'
import type { CodeUnderFaults, FaultSequence } from '../link/fault-sequence.ts'

const sound: Condition = { is: 'sound' }

type Make = (fault: Fault, places: (LinkPlace | null)[], isUndo: boolean) => Promise<void>

/** The faults that the tests and suites of a file have made. Each ends with its test or suite. */
export class FaultRecord {
  readonly #make: Make
  /** The conditions of the links that are not sound. The keys are their places. */
  readonly #conditions = new Map<string, Condition>()
  /** The conditions that each test or suite found before its first fault of a link. */
  readonly #found = new Map<object, Map<string, Condition>>()

  readonly #sequences = new Map<FaultSequence, object>()

  constructor(make: Make) {
    this.#make = make
  }

  /** The links that are not sound. */
  get faulty(): (LinkPlace | null)[] {
    return [...this.#conditions.keys()].map(key => JSON.parse(key) as LinkPlace | null)
  }

  /** The faults that hold, as texts. `single`: the link of a single server. */
  textsFor(single: string): string[] {
    return [...this.#conditions].map(([key, condition]) => {
      const place = JSON.parse(key) as LinkPlace | null
      return `${place ? linkText(place) : single} ${conditionText(condition)}`
    })
  }

  async make(fault: Fault, places: (LinkPlace | null)[], owner: object): Promise<void> {
    const keys = places.map(place => JSON.stringify(place))
    if (fault.is !== 'reset') {
      const found = this.#found.get(owner) ?? new Map<string, Condition>()
      this.#found.set(owner, found)
      for (const key of keys) {
        if (!found.has(key)) found.set(key, this.#conditions.get(key) ?? sound)
        this.#set(key, fault)
      }
    }
    try {
      await this.#make(fault, places, false)
    } catch (error) {
      // There is no such link.
      for (const key of keys)
        for (const conditions of [this.#conditions, ...this.#found.values()]) conditions.delete(key)
      throw error
    }
  }

  /** A member was removed. Its links are sound, and those to the other members have ended. */
  forget(member: string): void {
    for (const conditions of [this.#conditions, ...this.#found.values()]) {
      for (const key of conditions.keys()) {
        const place = JSON.parse(key) as LinkPlace | null
        if (place?.from === member || place?.to === member) conditions.delete(key)
      }
    }
  }

  /** Runs code under a sequence of faults, which ends with the test or suite at the latest. */
  async run<Result>(sequence: FaultSequence, owner: object, code: CodeUnderFaults<Result>): Promise<Result> {
    this.#sequences.set(sequence, owner)
    try {
      return await sequence.during(code)
    } finally {
      this.#sequences.delete(sequence)
    }
  }

  /** Adds the seeds of sequences that still run to the error of their test, for example when its time is over. */
  explain(owner: object, [error]: readonly object[]): void {
    for (const [sequence, by] of this.#sequences) if (by === owner && error) sequence.explain(error)
  }

  /** Ends the sequences of a test or suite. The code of one that timed out may still run. */
  async stop(owner: object): Promise<void> {
    const sequences = [...this.#sequences].filter(([, by]) => by === owner)
    // The next test starts a server that could not be started here.
    for (const [sequence] of sequences) await sequence.stop().catch(() => {})
  }

  /** Restores the conditions that a test or suite found. */
  async undo(owner: object): Promise<void> {
    await this.stop(owner)
    const found = this.#found.get(owner) ?? []
    this.#found.delete(owner)
    const byCondition = new Map<Condition, string[]>()
    for (const [key, condition] of found) {
      if (condition === (this.#conditions.get(key) ?? sound)) continue
      this.#set(key, condition)
      byCondition.set(condition, [...(byCondition.get(condition) ?? []), key])
    }
    const isUndo = this.#conditions.size === 0
    for (const [condition, keys] of byCondition) {
      const places = keys.map(key => JSON.parse(key) as LinkPlace | null)
      await this.#make(condition, places, isUndo && places.some(place => place?.from !== undefined))
    }
  }

  #set(key: string, condition: Condition): void {
    if (condition.is === 'sound') this.#conditions.delete(key)
    else this.#conditions.set(key, condition)
  }
}
