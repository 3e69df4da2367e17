import type { ServerExitedError } from '../errors.ts'
import { setImmediate } from '../protocol/node-builtins.ts'
import { deathError, laterFailure } from './failures.ts'
import { after, isGone, type Life, type LifeEvent } from './life.ts'
import type { ServerControl } from './server.ts'

/** A question of whether a server has died. */
export interface DeathQuestion {
  /** Ends the error's message: `'during this test'`. */
  readonly when: string
  /** Where in the log the error's lines begin; default: where the running tests began. */
  readonly logSince?: number | undefined
  /** Something has failed that a dying server would explain. */
  readonly suspected?: boolean | undefined
}

/** What is known of a server's life, and who has been told of its death. */
export class ServerWatch {
  readonly #control: Pick<ServerControl, 'findDeath' | 'describe'>
  #life: Life = { is: 'up' }

  constructor(control: Pick<ServerControl, 'findDeath' | 'describe'>) {
    this.#control = control
  }

  get life(): Life {
    return this.#life
  }

  /** Another process has to come before anything can be asked. */
  get isGone(): boolean {
    return isGone(this.#life)
  }

  /** Something has happened to the process, or was seen to have. */
  notice(event: LifeEvent): void {
    this.#life = after(this.#life, event)
  }

  /** The error of a server that has died without being asked to, or is about to. */
  async findDeath({ when, logSince, suspected = false }: DeathQuestion): Promise<ServerExitedError | undefined> {
    // The end of the watching connection is in this process's hands by now, but may not have been looked at.
    await new Promise<void>(resolve => setImmediate(resolve))
    if (this.#life.is === 'stopped' || (this.#life.is === 'up' && !suspected)) return undefined
    if (this.#life.is !== 'crashed') {
      const died = await this.#control.findDeath(this.#life.is === 'up')
      this.notice(died ? { died } : 'lives')
    }
    // A test may have taken it down meanwhile.
    if (this.#life.is !== 'crashed') return undefined
    return deathError(this.#life.death, when, await this.#control.describe(logSince))
  }

  /** The same, unless somebody has been told already. */
  async findNewDeath(when: string): Promise<ServerExitedError | undefined> {
    return this.#life.is === 'crashed' ? undefined : await this.findDeath({ when })
  }

  /** What fails after a death that nobody has been told of is told with that death. */
  async tellingOf<Result>(crash: ServerExitedError | undefined, act: () => Promise<Result>): Promise<Result> {
    try {
      return await act()
    } catch (error) {
      throw crash ? laterFailure(crash, error) : error
    }
  }
}
