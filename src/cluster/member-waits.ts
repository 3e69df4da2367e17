import type { TarantoolInstance } from '../instance/instance.ts'
import { isActive } from './activity.ts'
import type { ClusterInstances } from './instances.ts'
import { findLeader } from './leaders.ts'
import type { ClusterSource } from './source.ts'
import { checkWait } from './wait-options.ts'
import { noLeaderYet, waitForClock, waitForMesh } from './waits.ts'

/** Options of `waitForLeader`. */
export interface LeaderWait {
  /** The former leader, or its name. It does not count. Default: none. */
  not?: TarantoolInstance | string | undefined
  /** The name of the replica set. Default: that of `not`, else the only one. */
  replicaset?: string | undefined
  /** In milliseconds. Default: the option `timeout`. */
  timeout?: number | undefined
}

/** Options of `waitForFullMesh`. */
export interface MeshWait {
  /** In milliseconds. Default: the option `timeout`. */
  timeout?: number | undefined
  /** Leaves out instances that do not run, or are paused. Default false. */
  onlyRunning?: boolean | undefined
}

/** The waits of a cluster: for leaders, and for the replication between the members of each replica set. */
export class MemberWaits {
  readonly #instances: ClusterInstances
  readonly #source: ClusterSource
  /** In milliseconds. */
  readonly #timeout: number
  readonly #throwIfEnding: () => void

  /** @param throwIfEnding throws if the cluster is to end: then nothing waits for its members */
  constructor(instances: ClusterInstances, source: ClusterSource, throwIfEnding: () => void) {
    this.#instances = instances
    this.#source = source
    this.#throwIfEnding = throwIfEnding
    this.#timeout = source.shared.timeout
  }

  /** @throws ClusterConfigError if no instance is writable; UnknownServerError */
  async leader(replicaset?: string, options: { timeout?: number | undefined } = {}): Promise<TarantoolInstance> {
    checkWait('leader', options)
    const timeout = Math.min(this.#timeout, options.timeout ?? this.#timeout)
    const wanted = this.#instances.setNamed(replicaset)
    const members = this.#instances.ofSet(wanted)
    const leader = await findLeader([...members.values()], timeout, { throwIfEnding: this.#throwIfEnding })
    if (leader) return leader
    throw this.#source.noLeader(wanted, members, this.#instances.faultsOfLinks(wanted))
  }

  /** Waits for a leader that may not exist yet. @throws ReplicationError; UnknownServerError */
  async newLeader(options: LeaderWait = {}): Promise<TarantoolInstance> {
    checkWait('waitForLeader', options)
    const { not, replicaset, timeout = this.#timeout } = options
    const instances = this.#instances
    const former = not === undefined ? undefined : instances.find(not, { call: 'waitForLeader({ not })' })
    const wanted = instances.setNamed(replicaset ?? (former && instances.replicasetOf(former)))
    const members = instances.ofSet(wanted)
    const leader = await findLeader([...members.values()], timeout, {
      ...{ not: former, waits: true, throwIfEnding: this.#throwIfEnding },
    })
    if (leader) return leader
    throw noLeaderYet(wanted, {
      members,
      timeout,
      faults: instances.faultsOfLinks(wanted),
      not: former && instances.nameOf(former),
      elects: this.#source.elects,
    })
  }

  /** @throws ReplicationError */
  async fullMesh(options: MeshWait): Promise<void> {
    await this.#mesh(options, { endsWhenStopped: false })
  }

  /**
   * Waits until the running instances replicate with each other again. Fails at once if replication between two has stopped
   * with an error.
   *
   * @param timeout in milliseconds
   * @throws ReplicationError
   */
  async settle(timeout: number): Promise<void> {
    await this.#mesh({ onlyRunning: true, timeout }, { endsWhenStopped: true })
  }

  async #mesh(options: MeshWait, { endsWhenStopped }: { endsWhenStopped: boolean }): Promise<void> {
    checkWait('waitForFullMesh', options)
    const { timeout = this.#timeout, onlyRunning = false } = options
    const began = performance.now()
    for (const name of Object.keys(this.#instances.replicasets)) {
      const members = [...this.#instances.ofSet(name)].filter(([, member]) => isActive(member) || !onlyRunning)
      const faults = (): string[] => this.#instances.faultsOfLinks(name)
      await waitForMesh(new Map(members), name, {
        ...{ timeout, began, endsWhenStopped, faults, throwIfEnding: this.#throwIfEnding },
      })
    }
  }

  /** @throws ReplicationError; UnknownServerError */
  async vclock(of: TarantoolInstance | string | undefined, options: { timeout?: number | undefined }): Promise<void> {
    checkWait('waitForVclock', options)
    const { timeout = this.#timeout } = options
    const began = performance.now()
    const instances = this.#instances
    const instance =
      of === undefined ? await this.leader(undefined, { timeout }) : instances.find(of, { call: 'waitForVclock(of)' })
    const replicaset = instances.replicasetOf(instance) ?? ''
    const faults = (): string[] => instances.faultsOfLinks(replicaset)
    await waitForClock(instance, instances.ofSet(replicaset), {
      ...{ timeout, began, faults, throwIfEnding: this.#throwIfEnding },
    })
  }
}
