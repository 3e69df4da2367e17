import { ResetError } from '../errors.ts'
import { describeDifference } from './digest.ts'
import { leftoverError } from './leftover.ts'
import type { Levels } from './levels.ts'
import type { ServerControl } from './server.ts'

/** The additional check of `strict`: compares all data before a test and after its reset. */
export class Strictness {
  readonly #control: Pick<ServerControl, 'ask' | 'describe'>
  readonly #levels: () => Levels

  constructor(control: Pick<ServerControl, 'ask' | 'describe'>, levels: () => Levels) {
    this.#control = control
    this.#levels = levels
  }

  /** Before a test: notes the state of all data at the beginning of the suite's tests. */
  async look(): Promise<string> {
    return await this.#known(await this.#levels().digest())
  }

  async #known(digest: string | undefined): Promise<string> {
    if (digest !== undefined) return digest
    const { instance } = await this.#control.describe()
    throw new ResetError(`${instance} could not describe its data, which 'strict' compares`)
  }

  /**
   * After a test's undo. @throws LeftoverError if any data differs from its state before the test. The server was then
   * replaced
   */
  async check(): Promise<void> {
    if (this.#levels().lost !== undefined) return
    const wanted = await this.look()
    const found = await this.#known(await this.#levels().currentDigest())
    if (found === wanted) return
    const { requests } = await this.#control.ask('requests')
    const details = await this.#control.describe()
    await this.#levels().replace('a test had left a difference')
    throw leftoverError(describeDifference(wanted, found), requests, details)
  }
}
