import type { ResolvedCluster } from '../config/resolve-cluster.ts'
import { StartAbortedError, TarantoolFixtureError } from '../errors.ts'
import { tellOnce } from '../instance/failure/tell-once.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { programOf } from '../instance/start/program-of.ts'
import { hasSeed, readSeed } from '../seed/seed-task.ts'
import { templatesRoot } from '../seed/template-cache.ts'
import { type DataSource, startWithTemplate } from '../seed/template-start.ts'
import { type TemplateOrigin, type TemplateReport, TemplateStore } from '../seed/template-store.ts'
import { DataRequests, type MemberReport } from './data-requests.ts'
import type { Description } from './description.ts'
import type { ClusterInstances } from './instances.ts'
import type { ClusterPlan } from './plan.ts'
import { hasTemplate, joinReports, nameOfData, originOf } from './template.ts'

/** The parts of a start. */
export interface ClusterStartSpec {
  readonly cluster: ResolvedCluster
  readonly plan: ClusterPlan
  readonly instances: ClusterInstances
  /** Begins with empty directories, or with a template. */
  readonly recreate: boolean
  readonly signal: AbortSignal
  readonly describe: () => Promise<Description>
  /** Finds the writable instance of a replica set. @throws ClusterConfigError */
  readonly leader: (replicaset: string) => Promise<TarantoolInstance>
}

interface Started {
  readonly template?: TemplateReport
}

/** One start of a cluster: from its config and its data until all instances are ready. */
export class ClusterStart {
  readonly #spec: ClusterStartSpec
  readonly #requests: DataRequests

  constructor(spec: ClusterStartSpec) {
    this.#spec = spec
    this.#requests = new DataRequests(spec.cluster.shared)
  }

  /** When this rejects, no instance runs. */
  async run(): Promise<void> {
    const { cluster, plan, instances, recreate, signal } = this.#spec
    const { logger, timeout } = cluster.shared
    const root = templatesRoot()
    if (!recreate || root === undefined || !hasTemplate(cluster, plan)) {
      await this.#launch({ kind: 'seed', makeTemplate: false })
      return
    }
    await startWithTemplate<Started>({
      store: new TemplateStore(root),
      origin: () => this.#origin(),
      directory: instances.directory,
      signal,
      // The cluster that makes the template has time limits of its own, for its start, its seed and its snapshots.
      patience: 4 * timeout,
      launch: source => this.#launch(source),
      keepsSnapshot: () => true,
      end: () => instances.kill(),
      tell: reason => {
        const data = hasSeed(cluster.shared) ? 'is seeded' : 'is bootstrapped'
        tellOnce(`The cluster (${nameOfData(cluster)}) ${data} at each start: ${reason}.`, logger)
      },
    })
  }

  async #origin(): Promise<TemplateOrigin> {
    const { cluster, plan, signal, describe } = this.#spec
    const program = await programOf(cluster.shared).prepare(signal)
    return await originOf(cluster, plan, await describe(), program)
  }

  async #launch(source: DataSource): Promise<Started> {
    const { plan, instances, recreate, describe } = this.#spec
    const description = await describe()
    this.#throwIfAborted()
    instances.makeDirectory(recreate)
    plan.writeConfig(description)
    if (source.kind === 'copy') await instances.copy(source.template)
    this.#throwIfAborted()
    if (source.kind === 'seed') plan.duty = source.makeTemplate ? 'make' : undefined
    else plan.duty = source.isTrial ? 'try' : undefined
    try {
      return await instances.start(recreate && source.kind === 'seed', () => this.#complete(source))
    } finally {
      plan.duty = undefined
    }
  }

  /** Brings the data of a cluster whose instances are ready into the state that tests begin with. */
  async #complete(source: DataSource): Promise<Started> {
    const { plan, instances, cluster, leader } = this.#spec
    await instances.settle(leader, { isBegin: true })
    if (source.kind === 'seed' && hasSeed(cluster.shared)) {
      await this.#seed()
      await instances.settle(leader)
    }
    const template = plan.duty && (await this.#template())
    this.#throwIfAborted()
    return template ? { template } : {}
  }

  async #seed(): Promise<void> {
    const { cluster, plan, leader } = this.#spec
    const task = await readSeed(cluster.shared)
    const seeded = new Set<TarantoolInstance>()
    for (const { name, replicaset } of plan.members.seeded) {
      const instance = this.#instance(name)
      const [isReadOnly] = await instance.command('return box.info.ro')
      const target = isReadOnly === false ? instance : await leader(replicaset)
      if (task && !seeded.has(target)) await this.#requests.seed(target, task)
      seeded.add(target)
    }
  }

  async #template(): Promise<TemplateReport> {
    const asked = this.#spec.plan.members.instances.map(async ({ name, replicaset }) => {
      const report = await this.#templateOf(this.#instance(name))
      return [name, { replicaset, report }] as const
    })
    return joinReports(new Map(await Promise.all(asked)))
  }

  // A running cluster can do without a template.
  async #templateOf(instance: TarantoolInstance): Promise<MemberReport> {
    return await this.#requests.template(instance).catch((error: unknown): MemberReport => {
      if (!(error instanceof TarantoolFixtureError) || !instance.isRunning) throw error
      return { flaw: error.summary, digest: '', parts: {} }
    })
  }

  #instance(name: string): TarantoolInstance {
    const instance = this.#spec.instances.byName.get(name)
    if (!instance) throw new Error(`the cluster has no instance '${name}'`)
    return instance
  }

  #throwIfAborted(): void {
    const { signal, cluster } = this.#spec
    if (!signal.aborted) return
    throw new StartAbortedError(`the start of the cluster of ${cluster.application.configFile} was aborted`)
  }
}
