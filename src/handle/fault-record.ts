import type { Condition, Fault, LinkPlace } from '../link/fault.ts'

const sound: Condition = { is: 'sound' }

type Make = (fault: Fault, places: (LinkPlace | null)[], isUndo: boolean) => Promise<void>

/** The faults that the tests and suites of a file have made. Each ends with its test or suite. */
export class FaultRecord {
  readonly #make: Make
  /** The conditions of the links that are not sound. The keys are their places. */
  readonly #conditions = new Map<string, Condition>()
  /** The conditions that each test or suite found before its first fault of a link. */
  readonly #found = new Map<object, Map<string, Condition>>()

  constructor(make: Make) {
    this.#make = make
  }

  /** The links that are not sound. */
  get faulty(): (LinkPlace | null)[] {
    return [...this.#conditions.keys()].map(key => JSON.parse(key) as LinkPlace | null)
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

  /** Restores the conditions that a test or suite found. */
  async undo(owner: object): Promise<void> {
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
