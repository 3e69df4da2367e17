import type { TarantoolInstance } from '../instance/instance.ts'
import type { Death } from '../isolation/server.ts'
import type { ServerActions } from './leasable-server.ts'
import type { LeasedServerInfo } from './leased-info.ts'
import { crashReport, ServerSignals } from './server-signals.ts'

/** The cluster, from the view of one of its instances. */
export interface MemberContext {
  /** Runs a step after all steps before it. */
  run<Result>(step: () => Promise<Result>): Promise<Result>
  /** Called before a test's request changes the instance's process. The next reset looks for such instances. */
  disturb(): void
  info(): LeasedServerInfo
}

/** Answers the requests of a lease for one instance of a cluster. */
export class ClusterMember implements ServerActions {
  readonly #instance: TarantoolInstance
  readonly #context: MemberContext

  constructor(instance: TarantoolInstance, context: MemberContext) {
    this.#instance = instance
    this.#context = context
  }

  /** Starts the instance with its data, if it does not run. Resumes a paused one. */
  async ensure(): Promise<LeasedServerInfo> {
    return await this.#step(async () => {
      this.#instance.process?.sendSignal('SIGCONT')
      if (!this.#instance.isRunning) await this.#instance.start({ recreate: false })
    })
  }

  async start(recreate: boolean): Promise<LeasedServerInfo> {
    return await this.#step(async () => {
      await this.#instance.start({ recreate })
    })
  }

  async restart(recreate: boolean): Promise<LeasedServerInfo> {
    return await this.#step(async () => {
      await this.#instance.stop({ cleanup: false })
      await this.#instance.start({ recreate })
    })
  }

  async stop(): Promise<void> {
    await this.#disturbing(() => this.#instance.stop({ cleanup: false }))
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#disturbing(async () => {
      if (signal === 'SIGKILL') await this.#instance.kill({ cleanup: false })
      else new ServerSignals().send(this.#instance, signal)
    })
  }

  async crashReport(): Promise<Death | null> {
    return await crashReport(this.#instance)
  }

  async #step(step: () => Promise<void>): Promise<LeasedServerInfo> {
    return await this.#disturbing(async () => {
      await step()
      return this.#context.info()
    })
  }

  async #disturbing<Result>(step: () => Promise<Result>): Promise<Result> {
    return await this.#context.run(async () => {
      this.#context.disturb()
      return await step()
    })
  }
}
