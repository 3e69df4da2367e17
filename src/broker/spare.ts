import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TarantoolInstance } from '../instance/instance.ts'

/**
 * The server that waits, whole but for its port, to take the place of a leased one. It starts in the background, and so
 * does the removal of what the one before it left.
 */
export class Spare {
  readonly #make: () => TarantoolInstance
  readonly #mayStandBy: boolean
  /** The one that starts or waits. */
  #instance: TarantoolInstance | undefined
  #ready: Promise<void> | undefined
  #isClosed = false
  /** Settles when what is ended and removed in the background is gone. */
  #endings: Promise<void> = Promise.resolve()
  /** What went wrong with the first of those that failed. */
  #problem: unknown

  /**
   * @param make gives an instance with the address of the server whose place it will take
   * @param mayStandBy whether there can be a second server for an address: without, there is never a spare. Default true.
   */
  constructor(make: () => TarantoolInstance, mayStandBy = true) {
    this.#make = make
    this.#mayStandBy = mayStandBy
  }

  /** Starts one in the background, unless there is one. A failure is told to who asks for it. */
  prepare(): void {
    if (!this.#mayStandBy || this.#isClosed || this.#ready) return
    this.#ready = this.#start()
    this.#ready.catch(() => {})
  }

  /**
   * Ends a server and puts the spare into its place; waits for a spare that is still starting.
   *
   * @param orderly whether the old server is to shut down, since its files stay; else it is killed
   * @returns the server that has the address now. Undefined where there was no spare, or where it has ended or failed: the
   *   old server may still run then
   * @throws what the spare's start threw; the old server runs
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
      // A start in the usual way works all the same, or says what is wrong.
      await spare.kill()
      return undefined
    }
  }

  /** Ends the one that starts or waits; the next `prepare` makes another. */
  async discard(): Promise<void> {
    const instance = this.#instance
    this.#instance = undefined
    this.#ready = undefined
    if (instance) await this.#follow(instance.kill())
  }

  /** Ends it for good, and waits for all that ends in the background. @throws what went wrong with that */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.discard()
    await this.#endings
    if (this.#problem !== undefined) throw this.#problem
  }

  async #start(): Promise<void> {
    const instance = this.#make()
    this.#instance = instance
    // After the answer to the test that is about to run.
    await nextTurn()
    if (this.#instance === instance)
      await instance.standBy({ advice: "isolation: 'restart' starts no server beside another." })
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
