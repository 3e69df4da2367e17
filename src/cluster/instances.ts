import type { ResolvedOptions } from '../config/resolve.ts'
import { TarantoolInstance } from '../instance/instance.ts'
import { type InstanceCall, severalSets, strangeInstance, unknownName } from './failure.ts'
import { findLeader } from './leaders.ts'
import type { ClusterLinks } from './links.ts'
import type { ClusterPlan } from './plan.ts'
import { beginWithSameData } from './same-data.ts'
import { errorOfStart } from './start-failure.ts'

/** The instances of a cluster, and the replica sets that they belong to. */
export class ClusterInstances {
  readonly #byName: Map<string, TarantoolInstance>
  readonly #replicasets: Record<string, string[]> = {}
  readonly #links: ClusterLinks | undefined

  constructor(plan: ClusterPlan, links: ClusterLinks | undefined) {
    this.#links = links
    this.#byName = new Map(plan.instanceOptions().map(([name, options]) => [name, this.#instanceOf(name, options)]))
    for (const { name, replicaset } of plan.members.instances) this.#note(name, replicaset)
    plan.reaches = (from, to) => {
      const { state = 'stopped', process } = this.byName.get(to) ?? {}
      const isThere = (state === 'running' || state === 'starting') && process?.isPaused !== true
      return isThere && (links?.pass(from, to) ?? true)
    }
    plan.runs = name => this.byName.get(name)?.isRunning === true
  }

  #instanceOf(name: string, options: ResolvedOptions): TarantoolInstance {
    const instance = TarantoolInstance.of(options, this.#links?.frontOf(name))
    instance.findLeader = async () => {
      const replicaset = this.replicasetOf(instance) ?? ''
      const leader = await findLeader([...this.ofSet(replicaset).values()], 0)
      return { name, replicaset, leader: leader && this.nameOf(leader) }
    }
    return instance
  }

  get byName(): ReadonlyMap<string, TarantoolInstance> {
    return this.#byName
  }

  /** The names by replica set. */
  get replicasets(): Readonly<Record<string, readonly string[]>> {
    return this.#replicasets
  }

  /** @throws UnknownServerError; InvalidOptionError for a value that is no name */
  named(name: string, call = 'instance(name)'): TarantoolInstance {
    const found = this.byName.get(name)
    if (found) return found
    throw unknownName('instance', name, [...this.byName.keys()], call)
  }

  /**
   * The name of a replica set that a request concerns. Without a name, it is the only one.
   *
   * @throws UnknownServerError; InvalidOptionError for a value that is no name
   */
  setNamed(given: string | undefined): string {
    const names = Object.keys(this.replicasets)
    const wanted = given ?? names[0] ?? ''
    if (given === undefined && names.length > 1) throw severalSets(names)
    if (names.includes(wanted)) return wanted
    throw unknownName('replica set', wanted, names, 'leader(replicaset)')
  }

  /**
   * An instance that a test gives, or names.
   *
   * @throws UnknownServerError if the cluster does not have it, or no longer; InvalidOptionError for another value
   */
  find(given: TarantoolInstance | string, call: InstanceCall): TarantoolInstance {
    if (typeof given === 'string') return this.named(given)
    if (this.all.includes(given)) return given
    throw strangeInstance(given, [...this.byName.keys()], call)
  }

  nameOf(instance: TarantoolInstance): string {
    return [...this.byName].find(([, other]) => other === instance)?.[0] ?? ''
  }

  replicasetOf(instance: TarantoolInstance): string | undefined {
    const name = this.nameOf(instance)
    return Object.keys(this.replicasets).find(replicaset => this.replicasets[replicaset]?.includes(name))
  }

  add(name: string, replicaset: string, options: ResolvedOptions): TarantoolInstance {
    const instance = this.#instanceOf(name, options)
    this.#byName.set(name, instance)
    this.#note(name, replicaset)
    return instance
  }

  remove(name: string): void {
    this.#byName.delete(name)
    for (const names of Object.values(this.#replicasets)) {
      const index = names.indexOf(name)
      if (index >= 0) names.splice(index, 1)
    }
  }

  /** Remembers the instances of now. Returns a function that makes them the instances of the cluster again. */
  keepMembers(): () => void {
    const instances = [...this.#byName]
    const replicasets = Object.entries(this.#replicasets).map(([name, names]) => [name, [...names]] as const)
    return () => {
      this.#byName.clear()
      for (const [name, instance] of instances) this.#byName.set(name, instance)
      for (const [name, names] of replicasets) this.#replicasets[name] = [...names]
    }
  }

  get all(): TarantoolInstance[] {
    return [...this.byName.values()]
  }

  get running(): TarantoolInstance[] {
    return this.all.filter(({ isRunning }) => isRunning)
  }

  /** The faults of the links between the instances of a replica set, as texts. */
  faultsOfLinks(replicaset: string): string[] {
    return this.#links?.faultsAmong(this.replicasets[replicaset] ?? []) ?? []
  }

  ofSet(replicaset: string): Map<string, TarantoolInstance> {
    const names = this.replicasets[replicaset] ?? []
    return new Map([...this.byName].filter(([name]) => names.includes(name)))
  }

  /**
   * Starts all instances at once, then does what is to be done before the cluster counts as started. If an instance fails,
   * or this does, no instance runs afterwards.
   */
  async start<Result>(recreate: boolean, beforeReady: () => Promise<Result>): Promise<Result> {
    const starts = this.all.map(instance => instance.start({ recreate }))
    try {
      await Promise.all(starts)
      return await beforeReady()
    } catch (error) {
      await Promise.allSettled(this.all.map(instance => instance.kill({ cleanup: false })))
      const ends = await Promise.allSettled(starts)
      const failures = ends.map((end, index) => {
        return [this.all[index]?.name ?? '', end.status === 'rejected' ? end.reason : undefined] as const
      })
      throw errorOfStart(error, new Map(failures))
    }
  }

  /**
   * Waits until each replica set has a leader, and its instances have the same data. `isBegin`: nothing has happened since
   * the instances were ready.
   */
  async beginWithSameData(
    awaitLeader: (replicaset: string) => Promise<unknown>,
    { isBegin = false }: { isBegin?: boolean } = {},
  ): Promise<void> {
    for (const name of Object.keys(this.replicasets)) {
      const members = [...this.ofSet(name).values()]
      // An instance that replicates with no other has said all in its report.
      if (isBegin && members.length === 1 && members[0]?.beganWritable) continue
      await awaitLeader(name)
      await beginWithSameData(members)
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map(instance => instance.stop({ cleanup: false })))
  }

  /** Kills the instances, or those of these names. */
  async kill(names: readonly string[] = [...this.byName.keys()]): Promise<void> {
    await Promise.all(names.map(name => this.byName.get(name)?.kill({ cleanup: false })))
  }

  #note(name: string, replicaset: string): void {
    this.#replicasets[replicaset] ??= []
    this.#replicasets[replicaset].push(name)
  }
}
