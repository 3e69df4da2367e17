import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TarantoolInstance } from '../instance/instance.ts'
import { stopwatch, type Trace } from '../trace.ts'

/**
 * A server that waits to replace a leased server. It is complete except for its port. It starts in the background, and
 * so does the removal of its predecessor's files.
 */
export class Spare {
  readonly #make: () => TarantoolInstance
  readonly #mayStandBy: boolean
  readonly #trace: Trace
  /** The spare that starts or waits. */
  #instance: TarantoolInstance | undefined
  #ready: Promise<void> | undefined
  #isClosed = false
  /** Settles when all ends and removals in the background are done. */
  #endings: Promise<void> = Promise.resolve()
  /** The first error in the background. */
  #problem: unknown

  /**
   * @param make makes an instance with the address of the server that it will replace
   * @param mayStandBy false if an address cannot have a second server. Then there is never a spare. Default true.
   */
  constructor(make: () => TarantoolInstance, mayStandBy = true, trace: Trace = () => {}) {
    this.#make = make
    this.#mayStandBy = mayStandBy
    this.#trace = trace
  }

  /** Starts a spare in the background, unless there is one. The caller that needs the spare gets the error. */
  prepare(): void {
    if (!this.#mayStandBy || this.#isClosed || this.#ready) return
    this.#ready = this.#start()
    this.#ready.catch(() => {})
  }

  /**
   * Replaces a server by the spare. Waits for a spare that is still starting.
   *
   * @param orderly true shuts the old server down, since its files stay. Otherwise the server is killed
   * @returns the server that has the address now. Undefined if there was no spare, or if the spare has ended or failed.
   *   The old server may then still run
   * @throws the error of the spare's start. The old server runs
   */
  async replace(old: TarantoolInstance, { orderly }: { orderly: boolean }): Promise<TarantoolInstance | undefined> {
    const end = async (): Promise<void> => {
      if (orderly) await old.stop({ cleanup: false })
      else await old.kill({ cleanup: false })
    }
    const spare = await this.takeOver(end)
    if (spare) this.#remove(old)
    return spare
  }

  /** Like `replace`, for a server that gives up the address in another way. */
  async takeOver(giveUpAddress: () => Promise<void>): Promise<TarantoolInstance | undefined> {
    const spare = await this.#take()
    if (!spare) return undefined
    try {
      await giveUpAddress()
      await spare.takeOver()
      return spare
    } catch {
      // A start in the usual way either works, or reports the error.
      await spare.kill()
      return undefined
    }
  }

  /** Ends the spare that starts or waits. The next `prepare` makes another. */
  async discard(): Promise<void> {
    const instance = this.#instance
    this.#instance = undefined
    this.#ready = undefined
    if (instance) await this.#follow(instance.kill())
  }

  /** Ends the spare for good, and waits for everything that ends in the background. @throws the first error of that */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.discard()
    await this.#endings
    if (this.#problem !== undefined) throw this.#problem
  }

  async #start(): Promise<void> {
    const instance = this.#make()
    this.#instance = instance
    // This happens after the answer to the test that is about to run.
    await nextTurn()
    if (this.#instance !== instance) return
    const time = stopwatch()
    await instance.standBy({ advice: "isolation: 'restart' starts no server beside another." })
    this.#trace(`its spare is ready after ${time()}`)
  }

  async #take(): Promise<TarantoolInstance | undefined> {
    try {
      await this.#ready
    } catch (error) {
      await this.discard()
      throw error
    }
    const spare = this.#instance
    if (!spare?.isRunning) {
      await this.discard()
      return undefined
    }
    this.#instance = undefined
    this.#ready = undefined
    return spare
  }

  #remove(old: TarantoolInstance): void {
    const remove = async (): Promise<void> => {
      await nextTurn()
      await old.cleanup()
    }
    this.#follow(remove()).catch(() => {})
  }

  #follow(ending: Promise<void>): Promise<void> {
    const settled = ending.catch((problem: unknown) => {
      this.#problem ??= problem
    })
    this.#endings = this.#endings.then(() => settled)
    return ending
  }
}
