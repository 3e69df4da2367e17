import type { LeaderWait, MeshWait } from '../cluster/member-waits.ts'
import type { ClusterConfig, ConfigOverlay } from '../config/application-options.ts'
import type { AddedMemberOptions } from '../config/replica-set-options.ts'
import type { AgentOperation, Death } from '../isolation/server.ts'
import type { ClusterActions, ServerActions } from './leasable-server.ts'
import type { ClusterReply, LeasedServerInfo } from './leased-info.ts'

/** Is called with each signal to an instance of the cluster, before the signal is sent. */
type OnSignal = (instance: string, signal: NodeJS.Signals) => void

/** The requests to a cluster of a run that makes a report. */
export class RecordedCluster implements ClusterActions {
  readonly #cluster: ClusterActions
  readonly #onSignal: OnSignal

  constructor(cluster: ClusterActions, onSignal: OnSignal) {
    this.#cluster = cluster
    this.#onSignal = onSignal
  }

  async ask(operation: AgentOperation, keep: number): Promise<ClusterReply> {
    return await this.#cluster.ask(operation, keep)
  }

  async leader(replicaset?: string, wait?: { timeout?: number | undefined }): Promise<string> {
    return await this.#cluster.leader(replicaset, wait)
  }

  async waitForLeader(wait: LeaderWait & { not?: string | undefined }): Promise<string> {
    return await this.#cluster.waitForLeader(wait)
  }

  async waitForFullMesh(wait: MeshWait): Promise<void> {
    await this.#cluster.waitForFullMesh(wait)
  }

  async waitForVclock(of: string | undefined, wait: { timeout?: number | undefined }): Promise<void> {
    await this.#cluster.waitForVclock(of, wait)
  }

  async addReplica(options: AddedMemberOptions): Promise<string> {
    return await this.#cluster.addReplica(options)
  }

  async remove(member: string): Promise<void> {
    await this.#cluster.remove(member)
  }

  async reload(config?: string | ClusterConfig): Promise<void> {
    await this.#cluster.reload(config)
  }

  async set(overlay: ConfigOverlay): Promise<void> {
    await this.#cluster.set(overlay)
  }

  member(name: string): ServerActions {
    return new RecordedMember(this.#cluster.member(name), signal => this.#onSignal(name, signal))
  }
}

class RecordedMember implements ServerActions {
  readonly #member: ServerActions
  readonly #onSignal: (signal: NodeJS.Signals) => void

  constructor(member: ServerActions, onSignal: (signal: NodeJS.Signals) => void) {
    this.#member = member
    this.#onSignal = onSignal
  }

  async ensure(): Promise<LeasedServerInfo> {
    return await this.#member.ensure()
  }

  async start(recreate: boolean): Promise<LeasedServerInfo> {
    return await this.#member.start(recreate)
  }

  async restart(recreate: boolean, record?: boolean): Promise<LeasedServerInfo> {
    return await this.#member.restart(recreate, record)
  }

  async stop(): Promise<void> {
    await this.#member.stop()
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    this.#onSignal(signal)
    await this.#member.signal(signal)
  }

  async crashReport(): Promise<Death | null> {
    return await this.#member.crashReport()
  }
}
