import type { Keep } from '../config/options.ts'
import { TarantoolInstance } from '../instance/instance.ts'
import { sweepOnce } from '../instance/owner/sweep.ts'
import { keepDirectory, makeDirectory, removeDirectory } from '../instance/place/directory.ts'
import { markerOf } from '../instance/place/marker.ts'
import { changesOf, settle } from './changes.ts'
import { errorOfMember } from './failure.ts'
import type { ClusterPlan } from './plan.ts'

/** The instances of a cluster, with the directory in which theirs are. */
export class ClusterInstances {
  readonly byName: ReadonlyMap<string, TarantoolInstance>
  /** The names by replica set. */
  readonly replicasets: Readonly<Record<string, readonly string[]>>
  readonly #directory: string
  readonly #keep: Keep

  constructor(plan: ClusterPlan, { directory, keep }: { directory: string; keep: Keep }) {
    this.byName = new Map(plan.instanceOptions().map(([name, options]) => [name, TarantoolInstance.of(options)]))
    const sets: Record<string, string[]> = {}
    for (const { name, replicaset } of plan.members.instances) {
      sets[replicaset] ??= []
      sets[replicaset].push(name)
    }
    this.replicasets = sets
    this.#directory = directory
    this.#keep = keep
  }

  get all(): TarantoolInstance[] {
    return [...this.byName.values()]
  }

  get running(): TarantoolInstance[] {
    return this.all.filter(({ isRunning }) => isRunning)
  }

  ofSet(replicaset: string): TarantoolInstance[] {
    const names = this.replicasets[replicaset] ?? []
    return names.flatMap(name => this.byName.get(name) ?? [])
  }

  makeDirectory(recreate: boolean): void {
    sweepOnce(this.#directory)
    if (recreate) removeDirectory(this.#directory)
    if (!markerOf(this.#directory)) makeDirectory(this.#directory, { keep: this.#keep === 'always' })
  }

  /**
   * Starts all instances at once. If an instance fails, or `awaitLeader` does for a replica set, no instance runs
   * afterwards.
   */
  async start(recreate: boolean, awaitLeader: (replicaset: string) => Promise<unknown>): Promise<void> {
    const starts = this.all.map(instance => instance.start({ recreate }))
    try {
      await Promise.all(starts)
      for (const name of Object.keys(this.replicasets)) {
        await awaitLeader(name)
        await settle(this.ofSet(name))
      }
    } catch (error) {
      await Promise.allSettled(this.all.map(instance => instance.kill({ cleanup: false })))
      await Promise.allSettled(starts)
      throw errorOfMember(error)
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map(instance => instance.stop({ cleanup: false })))
  }

  async kill(): Promise<void> {
    await Promise.all(this.all.map(instance => instance.kill({ cleanup: false })))
  }

  async changes(): Promise<{ wrote: boolean; clients: boolean }> {
    return await changesOf(this.all)
  }

  /** Removes the directories, unless the option `keep` keeps them. */
  clean({ hasFailed }: { hasFailed: boolean }): void {
    const failed = hasFailed || this.all.some(({ state }) => state === 'failed')
    const isKept = this.#keep === 'always' || (this.#keep === 'on-failure' && failed)
    const finish = isKept ? keepDirectory : removeDirectory
    for (const { workDir } of this.all) finish(workDir)
    finish(this.#directory)
  }
}
