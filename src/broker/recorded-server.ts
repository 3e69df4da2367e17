import type { Isolation } from '../config/isolation.ts'
import type { InstanceState } from '../instance/lifecycle.ts'
import type { Death } from '../isolation/server.ts'
import type { Fault, LinkPlace } from '../link/fault.ts'
import type { FailedServer } from './failed-server.ts'
import type { ClusterActions, FailedTest, LeasableServer } from './leasable-server.ts'
import type { LeaseUse } from './lease-use.ts'
import type { LeasedServerInfo } from './leased-info.ts'
import { RecordedCluster } from './recorded-cluster.ts'
import type { ReplacementEvent } from './run-events.ts'
import type { RunningTest } from './server-mark.ts'

/** Is told about the requests of leases. */
interface Journal {
  /** `instance`: the name of the process in messages. */
  signalled(instance: string, signal: NodeJS.Signals): void
  named(file: string | undefined): void
  leaseEnded(): void
  replacing<Result>(by: ReplacementEvent['by'], act: () => Promise<Result>): Promise<Result>
}

/** A server of a run that makes a report. It tells which requests of leases took how long. */
export class RecordedServer implements LeasableServer {
  readonly #server: LeasableServer
  readonly #journal: Journal

  constructor(server: LeasableServer, journal: Journal) {
    this.#server = server
    this.#journal = journal
  }

  get name(): string {
    return this.#server.name
  }

  get slot(): number {
    return this.#server.slot
  }

  set slot(slot: number) {
    this.#server.slot = slot
  }

  get leaseUse(): LeaseUse {
    return this.#server.leaseUse
  }

  get isolation(): Isolation {
    return this.#server.isolation
  }

  get isBegun(): boolean {
    return this.#server.isBegun
  }

  get state(): InstanceState {
    return this.#server.state
  }

  get cluster(): ClusterActions {
    return new RecordedCluster(this.#server.cluster, (name, signal) => this.#signalled(name, signal))
  }

  prestart(): void {
    this.#server.prestart()
  }

  async ensure(): Promise<LeasedServerInfo> {
    return this.#reported(await this.#server.ensure())
  }

  async start(recreate: boolean): Promise<LeasedServerInfo> {
    return this.#reported(await this.#server.start(recreate))
  }

  async restart(recreate: boolean, record?: boolean): Promise<LeasedServerInfo> {
    return await this.#replacing('restart', () => this.#server.restart(recreate, record))
  }

  async renew(): Promise<LeasedServerInfo> {
    return await this.#replacing('new process', () => this.#server.renew())
  }

  async stepAside(spare: boolean): Promise<LeasedServerInfo> {
    return await this.#replacing('step aside', () => this.#server.stepAside(spare))
  }

  async comeBack(): Promise<LeasedServerInfo> {
    return await this.#replacing('come back', () => this.#server.comeBack())
  }

  async stop(): Promise<void> {
    await this.#server.stop()
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    this.#signalled(undefined, signal)
    await this.#server.signal(signal)
  }

  async crashReport(): Promise<Death | null> {
    return await this.#server.crashReport()
  }

  async makeFault(fault: Fault, places?: readonly LinkPlace[], isUndo?: boolean): Promise<void> {
    await this.#server.makeFault(fault, places, isUndo)
  }

  leaseEnded(): void {
    this.#journal.leaseEnded()
    this.#server.leaseEnded()
  }

  atTest(running: RunningTest): void {
    this.#journal.named(running.file)
    this.#server.atTest(running)
  }

  trace(step: string): void {
    this.#server.trace(step)
  }

  async testFailed(about: FailedTest): Promise<FailedServer> {
    return await this.#server.testFailed(about)
  }

  async destroy(): Promise<void> {
    this.#journal.leaseEnded()
    await this.#server.destroy()
  }

  info(): LeasedServerInfo {
    return this.#reported(this.#server.info())
  }

  #signalled(member: string | undefined, signal: NodeJS.Signals): void {
    const info = this.#server.info()
    const { fingerprint } = info.cluster?.members.find(({ name }) => name === member) ?? info
    this.#journal.signalled(fingerprint, signal)
  }

  async #replacing(by: ReplacementEvent['by'], act: () => Promise<LeasedServerInfo>): Promise<LeasedServerInfo> {
    return this.#reported(await this.#journal.replacing(by, act))
  }

  // The worker has to tell about its tests.
  #reported(info: LeasedServerInfo): LeasedServerInfo {
    return { ...info, isReported: true }
  }
}
