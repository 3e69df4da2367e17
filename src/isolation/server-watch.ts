import type { ServerExitedError } from '../errors.ts'
import { setImmediate } from '../node-builtins.ts'
import { after, isByTest, isGone, type Life, type LifeEvent } from './life.ts'
import { loadFailures } from './load-failures.ts'
import type { ServerControl } from './server.ts'

/** Asks whether a server has died. */
export interface DeathQuestion {
  /** The end of the error's message: `'during this test'`. */
  readonly when: string
  /** The log offset at which the error's log lines begin. Default: the offset when the running tests began. */
  readonly logSince?: number | undefined
  /** Something has failed, and the server's death would explain the failure. */
  readonly suspected?: boolean | undefined
}

/** Tracks whether a server lives, and whether its death was reported. */
export class ServerWatch {
  readonly #control: Pick<ServerControl, 'findDeath' | 'describe'>
  #life: Life = { is: 'up' }

  constructor(control: Pick<ServerControl, 'findDeath' | 'describe'>) {
    this.#control = control
  }

  get life(): Life {
    return this.#life
  }

  /** True if the server needs another process before it can answer. */
  get isGone(): boolean {
    return isGone(this.#life)
  }

  /** Notes an event of the process, or an observation. */
  notice(event: LifeEvent): void {
    this.#life = after(this.#life, event)
  }

  /** The error of a server that died by itself, or is about to die. */
  async findDeath({ when, logSince, suspected = false }: DeathQuestion): Promise<ServerExitedError | undefined> {
    // The operating system has already reported the connection's end, but Node may not have handled that event yet.
    await new Promise<void>(resolve => setImmediate(resolve))
    if (isByTest(this.#life) || (this.#life.is === 'up' && !suspected)) return undefined
    if (this.#life.is !== 'crashed') {
      const died = await this.#control.findDeath(this.#life.is === 'up')
      this.notice(died ? { died } : 'lives')
    }
    // A test may have stopped the server meanwhile.
    if (this.#life.is !== 'crashed') return undefined
    const { death } = this.#life
    const details = await this.#control.describe(logSince)
    return (await loadFailures()).deathError(death, when, details)
  }

  /** Like `findDeath`, but undefined if the death was already reported. */
  async findNewDeath(when: string): Promise<ServerExitedError | undefined> {
    return this.#life.is === 'crashed' ? undefined : await this.findDeath({ when })
  }

  /** Runs an action after a death that was not reported yet. If the action fails, the error reports both. */
  async tellingOf<Result>(crash: ServerExitedError | undefined, act: () => Promise<Result>): Promise<Result> {
    try {
      return await act()
    } catch (error) {
      if (!crash) throw error
      throw (await loadFailures()).laterFailure(crash, error)
    }
  }
}
