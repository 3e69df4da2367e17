import type { ResolvedOptions } from '../config/resolve.ts'
import type { ResolvedApplication } from '../config/resolve-application.ts'
import type { ResolvedCluster } from '../config/resolve-cluster.ts'
import { ClusterConfigError, LuaError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { describeApplication } from './describe.ts'
import type { Description } from './description.ts'
import type { ClusterInstances } from './instances.ts'
import type { ClusterPlan } from './plan.ts'

/** A cluster's config: that of the options at first, then what `reload` and `set` make of it, until an empty start. */
export class ConfigInForce {
  readonly given: ResolvedCluster
  #application: ResolvedApplication

  constructor(given: ResolvedCluster) {
    this.given = given
    this.#application = given.application
  }

  get application(): ResolvedApplication {
    return this.#application
  }

  get shared(): ResolvedOptions {
    return this.given.shared
  }

  /** Goes back to the config of the options. */
  reset(): void {
    this.#application = this.given.application
  }

  /** @throws ClusterConfigError, UnsupportedVersionError */
  async describe(signal: AbortSignal): Promise<Description> {
    return await describeApplication(this.#application, this.shared, signal)
  }

  /**
   * Lets the running instances apply another config. If Tarantool refuses it, the former config holds again.
   *
   * @throws ClusterConfigError, InvalidOptionError
   */
  async change(application: ResolvedApplication, plan: ClusterPlan, { running }: ClusterInstances): Promise<void> {
    const description = await describeApplication(application, this.shared, new AbortController().signal)
    const writeFormer = plan.writeConfig(description)
    const applyAll = (): Promise<PromiseSettledResult<void>[]> =>
      Promise.allSettled(running.map(instance => this.#apply(instance, description)))
    const failed = (await applyAll()).find(result => result.status === 'rejected')
    if (!failed) {
      this.#application = application
      return
    }
    writeFormer()
    await applyAll()
    throw failed.reason
  }

  async #apply(instance: TarantoolInstance, { configFile }: Description): Promise<void> {
    try {
      await instance.command("require('config'):reload()", { timeout: this.shared.timeout })
    } catch (error) {
      if (!(error instanceof LuaError)) throw error
      throw new ClusterConfigError(`${instance.fingerprint} refused the config: ${error.luaMessage}`, {
        configFile,
        cause: error,
      })
    }
  }
}
