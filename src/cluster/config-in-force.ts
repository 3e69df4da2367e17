import { basename } from 'node:path'
import type { ResolvedOptions } from '../config/resolve.ts'
import type { OverlayEntry, ResolvedApplication } from '../config/resolve-application.ts'
import type { ResolvedCluster } from '../config/resolve-cluster.ts'
import { ClusterConfigError, LuaError, type TarantoolFixtureError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { programOf } from '../instance/start/program-of.ts'
import { nameOfSeed } from '../instance/start/seed-terms.ts'
import { hasSeed } from '../seed/seed-task.ts'
import { clusterTemplateKey } from '../seed/template-key.ts'
import type { TemplateOrigin } from '../seed/template-store.ts'
import { ConfigPlan } from './config-plan.ts'
import { describeApplication } from './describe.ts'
import type { Description } from './description.ts'
import { noLeader, type SetMembers } from './failure.ts'
import type { ClusterInstances } from './instances.ts'
import type { ClusterPorts } from './plan.ts'
import { noNewMember } from './same-members.ts'
import type { ClusterSource } from './source.ts'

/** A cluster's config: that of the options at first, then what `reload` and `set` make of it, until an empty start. */
export class ConfigInForce implements ClusterSource {
  readonly given: ResolvedCluster
  #application: ResolvedApplication
  #latestPlan: ConfigPlan | undefined

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

  get title(): string {
    return `cluster of ${this.#application.configFile}`
  }

  /** The application's directory, and the seed. */
  get nameOfData(): string {
    const name = basename(this.#application.directory)
    return hasSeed(this.shared) ? `${name}: ${nameOfSeed(this.shared)}` : name
  }

  /** The config may have any mode of failover. */
  readonly elects = true

  readonly seedHint = "Another instance may have the space: the option 'seedOn' names the instances that are seeded."

  reset(): void {
    this.#application = this.given.application
  }

  /** @throws InvalidOptionError, ClusterConfigError, SocketPathTooLongError, UnsupportedVersionError */
  async plan(directory: string, ports: ClusterPorts | undefined, signal: AbortSignal): Promise<ConfigPlan> {
    this.#latestPlan = await ConfigPlan.make(this.given, await this.#describe(signal), directory, ports)
    return this.#latestPlan
  }

  async prepare(signal: AbortSignal): Promise<() => void> {
    const description = await this.#describe(signal)
    return () => {
      this.#plan.writeConfig(description)
    }
  }

  async origin(signal: AbortSignal): Promise<TemplateOrigin> {
    const { members, addedUser } = this.#plan
    const program = await programOf(this.shared).prepare(signal)
    const { config } = await this.#describe(signal)
    const inputs = {
      directory: this.#application.directory,
      config,
      instances: members.instances.map(({ name }) => name),
      seeded: hasSeed(this.shared) ? members.seeded.map(({ name }) => name) : [],
      addedUser,
      ready: this.#application.ready,
    }
    return {
      key: await clusterTemplateKey(this.shared, inputs, program.identity()),
      tarantool: program.name,
      seed: this.nameOfData,
      environment: program.environment,
    }
  }

  noLeader(replicaset: string, members: SetMembers, faults: readonly string[]): TarantoolFixtureError {
    return noLeader(replicaset, { members, faults, configFile: this.#application.configFile })
  }

  /**
   * Lets the running instances apply another config. If Tarantool refuses it, the former config holds again.
   *
   * @throws ClusterConfigError, InvalidOptionError
   */
  async change(application: ResolvedApplication, { running }: ClusterInstances): Promise<void> {
    this.#refuseWhilePaused(running)
    const description = await describeApplication(application, this.shared, new AbortController().signal)
    const writeFormer = this.#plan.writeConfig(description)
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

  /**
   * Lets the running instances apply the config with options laid over it.
   *
   * @throws the errors of `change`; InvalidOptionError for an option of an instance that the cluster does not have
   */
  async lay(overlay: readonly OverlayEntry[], instances: ClusterInstances): Promise<void> {
    const { signal } = new AbortController()
    const changed = { ...this.#application, set: [...this.#application.set, ...overlay] }
    noNewMember(await this.#describe(signal), await describeApplication(changed, this.shared, signal))
    await this.change(changed, instances)
  }

  // It would not answer, and would have another config than the others afterwards.
  #refuseWhilePaused(instances: readonly TarantoolInstance[]): void {
    const paused = instances.find(({ isPaused }) => isPaused)
    if (!paused) return
    throw new ClusterConfigError(`instance '${paused.name}' is paused, so it cannot apply a config`, {
      configFile: this.#application.configFile,
      hint: `Resume '${paused.name}' first.`,
    })
  }

  get #plan(): ConfigPlan {
    if (!this.#latestPlan) throw new Error('the cluster is planned before its config is written')
    return this.#latestPlan
  }

  // @throws ClusterConfigError, UnsupportedVersionError
  async #describe(signal: AbortSignal): Promise<Description> {
    return await describeApplication(this.#application, this.shared, signal)
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
