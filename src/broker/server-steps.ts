import type { LeasedServerInfo } from './leased-info.ts'
import { StepQueue } from './step-queue.ts'

/** The steps of a pooled server, one after another. Leases get the server's information after a step. */
export class ServerSteps extends StepQueue {
  readonly #info: () => LeasedServerInfo
  #prestart: Promise<unknown> | undefined

  /** @param check runs before each step, and may throw */
  constructor(check: () => void, info: () => LeasedServerInfo) {
    super(check)
    this.#info = info
  }

  /** True if a start in the background has begun, and `ensure` has not waited for its end. */
  get isPrestarted(): boolean {
    return this.#prestart !== undefined
  }

  /** Begins a start in the background. The next `ensure` reports its failure. */
  prestart(start: () => Promise<unknown>): void {
    this.#prestart = this.run(start)
    this.#prestart.catch(() => {})
  }

  /** Waits for the start in the background, and runs a step. */
  async ensure(step: () => Promise<unknown>): Promise<LeasedServerInfo> {
    const prestart = this.#prestart
    this.#prestart = undefined
    await prestart
    return await this.answer(step)
  }

  async answer(step: () => Promise<unknown>): Promise<LeasedServerInfo> {
    return await this.run(async () => {
      await step()
      return this.#info()
    })
  }
}
