import type { Hold } from '../../config/server-options.ts'
import type { TarantoolInstance } from '../../instance/instance.ts'
import type { KeptFor } from '../../instance/kept/keep.ts'
import type { HeldServer } from '../failed-server.ts'
import { infoOf } from '../server-info.ts'
import { type Holding, holdingHere } from './holding.ts'

interface Held {
  readonly about: KeptFor
  readonly instance: TarantoolInstance
  readonly since: number
}

/** A failed test's server that is not held, and the reason. */
export interface NotHeld {
  readonly about: KeptFor
  readonly reason: string
  /** The directory with its data. */
  readonly directory?: string | undefined
}

/** The largest number of servers that a run holds, because each needs memory. */
export const mostHeld = 4

/** The servers of failed tests that run on until a person has looked at them. They belong to no pool. */
export class HeldServers {
  readonly #here: Exclude<Holding, 'never'>
  #held: Held[] = []
  #notHeld: NotHeld[] = []
  /** The number of servers that are not held because of the limit. */
  #more = 0
  /** The number of servers that are moving. */
  #coming = 0

  /** @param here says whether this process can hold servers */
  constructor(here: Exclude<Holding, 'never'> = holdingHere()) {
    this.#here = here
  }

  /** Says whether servers with this option are held. */
  holdingOf(option: Hold): Holding {
    return option === 'never' ? 'never' : this.#here
  }

  /** The servers that are held and still run. */
  get list(): HeldServer[] {
    const running = this.#held.filter(({ instance }) => instance.isRunning)
    return running.map(({ about, instance, since }) => ({ ...about, since, info: infoOf(instance) }))
  }

  get notHeld(): readonly NotHeld[] {
    return this.#notHeld
  }

  /** The number of servers that are not held because of the limit. */
  get more(): number {
    return this.#more
  }

  /** True if as many servers are held as a run may hold. */
  get isFull(): boolean {
    return this.#held.length + this.#coming >= mostHeld
  }

  /** Notes that a server is not held because of the limit. */
  turnAway(): void {
    this.#more++
  }

  /**
   * Holds a server.
   *
   * @param moveAway lets the server move to an address of its own
   * @throws the error of the move. The server is not held then
   */
  async add(about: KeptFor, instance: TarantoolInstance, moveAway: () => Promise<void>): Promise<void> {
    this.#coming++
    try {
      await moveAway()
      this.#held.push({ about, instance, since: Date.now() })
    } finally {
      this.#coming--
    }
  }

  /** Notes that a server is not held. */
  miss(notHeld: NotHeld): void {
    this.#notHeld.push(notHeld)
  }

  /** Ends all servers that are held. Returns the errors on the way. */
  async end(): Promise<unknown[]> {
    const held = this.#held
    this.#held = []
    this.#notHeld = []
    this.#more = 0
    const ends = await Promise.allSettled(held.map(({ instance }) => instance.stop()))
    return ends.flatMap(end => (end.status === 'rejected' ? [end.reason] : []))
  }
}
