import { ConnectionError, ProtocolError, RequestTimeoutError } from '../errors.ts'
import { loadFailures } from './load-failures.ts'
import type { ServerControl } from './server.ts'
import type { ServerWatch } from './server-watch.ts'

const isStuck = 'it does not answer: does its Lua run without a yield?'

export interface StepOptions {
  /** The end of error messages: `'before this test'`. */
  readonly when: string
  /**
   * The caller has not checked whether the server still runs. @throws ConnectionError if the server has ended. Nothing
   * was done then
   */
  readonly mayBeGone?: boolean | undefined
}

/** Performs operations on a server one after another, and handles operations that fail. */
export class Steps {
  readonly #control: ServerControl
  readonly #watch: ServerWatch
  readonly #replace: (why: string) => Promise<void>
  #last: Promise<unknown> = Promise.resolve()

  /** @param replace replaces a process that cannot be reset */
  constructor(control: ServerControl, watch: ServerWatch, replace: (why: string) => Promise<void>) {
    this.#control = control
    this.#watch = watch
    this.#replace = replace
  }

  /**
   * Asks the agent for an operation.
   *
   * @throws ServerExitedError if the server has died; ResetError if the server runs but the operation failed, and the
   *   server was replaced
   */
  async take<Result>({ when, mayBeGone = false }: StepOptions, step: () => Promise<Result>): Promise<Result> {
    return await this.inTurn(async () => {
      try {
        return await step()
      } catch (error) {
        if (error instanceof RequestTimeoutError) return await this.#fail(when, isStuck, error)
        if (error instanceof ProtocolError) return await this.#fail(when, error.summary, error)
        if (mayBeGone || !(error instanceof ConnectionError)) throw error
        this.#watch.notice('broke-off')
        const death = await this.#watch.findDeath({ when })
        if (death) throw death
        return await this.#fail(when, error.summary, error)
      }
    })
  }

  async inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(step, step)
    this.#last = result.catch(() => {})
    return await result
  }

  async #fail(when: string, why: string, cause: Error): Promise<never> {
    const details = await this.#control.describe()
    if (why === isStuck) await this.#control.kill()
    await this.#replace(why)
    const { notBroughtBack } = await loadFailures()
    throw notBroughtBack(when, why, details, cause)
  }
}
