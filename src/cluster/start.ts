import { resolve } from 'node:path'
import { StartAbortedError, TarantoolFixtureError } from '../errors.ts'
import { tellOnce } from '../instance/failure/tell-once.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { hasSeed, readSeed } from '../seed/seed-task.ts'
import { templatesRoot } from '../seed/template-cache.ts'
import { type DataSource, startWithTemplate } from '../seed/template-start.ts'
import { type Template, type TemplateReport, TemplateStore } from '../seed/template-store.ts'
import { DataRequests, type MemberReport } from './data-requests.ts'
import type { ClusterDirectories, CopyInto } from './directories.ts'
import type { HeldLinks } from './held-links.ts'
import type { ClusterInstances } from './instances.ts'
import type { ClusterPlan } from './plan.ts'
import type { ClusterSource } from './source.ts'
import { claimQueueAfterStart } from './synchronous-queue.ts'
import { hasTemplate, joinReports } from './template.ts'

/** The parts of a start. */
export interface ClusterStartSpec {
  readonly source: ClusterSource
  readonly plan: ClusterPlan
  readonly instances: ClusterInstances
  readonly directories: ClusterDirectories
  readonly links: HeldLinks | undefined
  /** Begins with empty directories, or with a template. */
  readonly recreate: boolean
  /** Copies the data that each instance begins with. Only without `recreate`. Default: the data is there. */
  readonly copyInto?: CopyInto | undefined
  readonly signal: AbortSignal
  /** Finds the writable instance of a replica set. @throws ClusterConfigError */
  readonly leader: (replicaset: string) => Promise<TarantoolInstance>
}

interface Started {
  readonly template?: TemplateReport
}

/** One start of a cluster: from its plan and its data until all instances are ready. */
export class ClusterStart {
  readonly #spec: ClusterStartSpec
  readonly #requests: DataRequests
  /** The template that the instances have begun with, or that was made from their data. */
  template: Template | undefined

  constructor(spec: ClusterStartSpec) {
    this.#spec = spec
    this.#requests = new DataRequests(spec.source.shared, spec.source.seedHint)
  }

  /** When this rejects, no instance runs. */
  async run(): Promise<void> {
    const { source, plan, instances, directories, recreate, signal } = this.#spec
    const { logger, timeout } = source.shared
    const root = templatesRoot()
    if (!recreate || root === undefined || !hasTemplate(source.shared, plan)) {
      await this.#launch({ kind: 'seed', makeTemplate: false })
      return
    }
    await startWithTemplate<Started>({
      store: new TemplateStore(root),
      origin: () => source.origin(signal),
      directory: directories.path,
      signal,
      // The cluster that makes the template has time limits of its own, for its start, its seed and its snapshots.
      patience: 4 * timeout,
      launch: data => this.#launch(data),
      keepsSnapshot: () => true,
      onMade: template => {
        this.template = template
      },
      end: () => instances.kill(),
      tell: reason => {
        const what = hasSeed(source.shared) ? 'is seeded' : 'is bootstrapped'
        tellOnce(`The cluster (${source.nameOfData}) ${what} at each start: ${reason}.`, logger)
      },
    })
  }

  async #launch(data: DataSource): Promise<Started> {
    const { source, plan, instances, directories, links, recreate, copyInto, signal } = this.#spec
    const write = await source.prepare(signal)
    // Their sockets are in the directory.
    await links?.close()
    this.#throwIfAborted()
    directories.make(recreate)
    write()
    await links?.open(plan.routes())
    if (copyInto) await directories.fill(copyInto)
    this.template = data.kind === 'copy' ? data.template : undefined
    if (data.kind === 'copy') await directories.copy(data.template)
    this.#throwIfAborted()
    if (data.kind === 'seed') plan.duty = data.makeTemplate ? 'make' : undefined
    else plan.duty = data.isTrial ? 'try' : undefined
    try {
      return await instances.start(recreate && data.kind === 'seed', () => this.#complete(data))
    } finally {
      plan.duty = undefined
    }
  }

  /** Brings the data of a cluster whose instances are ready into the state that tests begin with. */
  async #complete(data: DataSource): Promise<Started> {
    const { source, plan, instances, leader, recreate } = this.#spec
    for (const name of Object.keys(instances.replicasets)) {
      // Without it, the search for the leader says what is wrong.
      await claimQueueAfterStart([...instances.ofSet(name).values()]).catch(() => {})
    }
    if (recreate) await source.chooseLeaders?.(instances)
    await instances.beginWithSameData(leader, { isBegin: true })
    if (data.kind === 'seed' && hasSeed(source.shared)) {
      await this.#seed()
      await instances.beginWithSameData(leader)
    }
    const template = plan.duty && (await this.#template())
    this.#throwIfAborted()
    return template ? { template } : {}
  }

  async #seed(): Promise<void> {
    const { source, plan, leader } = this.#spec
    const task = await readSeed(source.shared)
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
      const instance = this.#instance(name)
      const report = await this.#templateOf(instance)
      // A path may start from the instance's own directory.
      const files = report.files?.map(file => resolve(instance.workDir, file))
      return [name, { replicaset, report: files ? { ...report, files } : report }] as const
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
    const { signal, source } = this.#spec
    if (signal.aborted) throw new StartAbortedError(`the start of the ${source.title} was aborted`)
  }
}
