import { ResetError } from '../errors.ts'
import { describeDifference } from './digest.ts'
import { leftoverError } from './leftover.ts'
import type { Levels } from './levels.ts'
import type { ServerControl } from './server.ts'

/** What `strict` adds to the reset of a test: a comparison of all data. */
export class Strictness {
  readonly #control: Pick<ServerControl, 'ask' | 'describe'>
  readonly #levels: () => Levels

  constructor(control: Pick<ServerControl, 'ask' | 'describe'>, levels: () => Levels) {
    this.#control = control
    this.#levels = levels
  }

  /** Before a test: how its suite's tests find all data. */
  async look(): Promise<string> {
    return await this.#known(await this.#levels().digest())
  }

  async #known(digest: string | undefined): Promise<string> {
    if (digest !== undefined) return digest
    const { instance } = await this.#control.describe()
    throw new ResetError(`${instance} could not tell what is in it, which 'strict' has to know`)
  }

  /** After a test was undone. @throws LeftoverError when all data is not as it was before; the server is another one then */
  async check(): Promise<void> {
    if (this.#levels().lost !== undefined) return
    const wanted = await this.look()
    const found = await this.#known(await this.#levels().currentDigest())
    if (found === wanted) return
    const { requests } = await this.#control.ask('requests', 0)
    const details = await this.#control.describe()
    await this.#levels().replace('a test had left a difference')
    throw leftoverError(describeDifference(wanted, found), requests, details)
  }
}
