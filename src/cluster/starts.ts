import { join, relative } from 'node:path'
import { PortTakenError, StartAbortedError, StartTimeoutError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { untilFree } from '../instance/place/port-wait.ts'
import type { Template } from '../seed/template-store.ts'
import { ClusterDirectories, type CopyInto } from './directories.ts'
import type { HeldLinks } from './held-links.ts'
import { ClusterInstances } from './instances.ts'
import { MemberWaits } from './member-waits.ts'
import type { ClusterPlan, ClusterPorts } from './plan.ts'
import { ClusterReset } from './reset/cluster-reset.ts'
import { MembershipLevels } from './reset/membership-levels.ts'
import type { StartAgain } from './reset/newcomers.ts'
import type { ClusterSource } from './source.ts'
import { ClusterStart } from './start.ts'
import { errorOfStart } from './start-failure.ts'
import { setsWithQueue } from './synchronous-queue.ts'
import { uuidOfData } from './uuid-of-data.ts'

/** The instances that a cluster has from its first start on. */
export interface Made {
  readonly plan: ClusterPlan
  readonly instances: ClusterInstances
  readonly directories: ClusterDirectories
  readonly waits: MemberWaits
  /** Set with the option `links`. */
  readonly links: HeldLinks | undefined
}

interface ClusterStartsSpec {
  readonly source: ClusterSource
  /** The directory of the cluster. */
  readonly directory: string
  /** The ports of a cluster whose place this one takes. */
  readonly ports: ClusterPorts | undefined
  readonly links: HeldLinks | undefined
  /** @throws NotRunningError if the cluster is to end, so nothing waits for its members, and none starts */
  readonly throwIfEnding: () => void
}

/** How a start begins. */
interface Beginning {
  /** Begins with empty directories, or with a template. */
  readonly recreate: boolean
  /** Copies the data that each instance begins with. Only without `recreate`. Default: the data is there. */
  readonly copyInto?: CopyInto | undefined
}

/** The starts of a cluster, one after another, and what they have made. A start that loses its ports is repeated. */
export class ClusterStarts {
  readonly #spec: ClusterStartsSpec
  #addressesAreKnown: boolean
  #made: Made | undefined
  #reset: ClusterReset | undefined

  constructor(spec: ClusterStartsSpec) {
    this.#spec = spec
    this.#addressesAreKnown = spec.ports !== undefined
  }

  /** Set from the first start on. */
  get made(): Made | undefined {
    return this.#made
  }

  /** Set from the end of a start on. */
  get reset(): ClusterReset | undefined {
    return this.#reset
  }

  /** Starts all instances. When this rejects, no instance runs. */
  async run(signal: AbortSignal, beginning: Beginning): Promise<void> {
    const { links } = this.#spec
    const start = (): Promise<void> => this.#run(signal, beginning)
    // The instances have to find each other.
    await (links ? links.withoutFaults(start) : start())
  }

  async #run(signal: AbortSignal, beginning: Beginning): Promise<void> {
    const { source, links } = this.#spec
    if (beginning.recreate) source.reset()
    // An empty start begins with the instances that the options say.
    if (beginning.recreate && this.#made?.plan.isChanged) this.#made = await this.#make(signal, this.#made.plan.ports)
    const giveUpAt = performance.now() + source.shared.timeout
    let lost: PortTakenError | undefined
    for (;;) {
      this.#made ??= await this.#make(signal)
      this.#throwIfAborted(signal)
      try {
        await this.#startOnce(this.#made, signal, beginning)
        break
      } catch (error) {
        this.#throwIfAborted(signal)
        const isTaken = error instanceof PortTakenError && performance.now() < giveUpAt
        this.#made.directories.clean({ hasFailed: !isTaken })
        await links?.close()
        // The lost port explains more than the timeout that followed from it.
        if (!isTaken) throw lost && error instanceof StartTimeoutError ? lost : error
        lost = error
        // Clients know the addresses, so the other process is waited for.
        if (this.#addressesAreKnown) await untilFree(error.address, giveUpAt, signal)
        else this.#made = undefined
      }
    }
    this.#throwIfAborted(signal)
  }

  async #startOnce(made: Made, signal: AbortSignal, beginning: Beginning): Promise<void> {
    const { source } = this.#spec
    const { plan, instances, directories, waits, links } = made
    const leaders = new Map<string, TarantoolInstance>()
    const leader = async (replicaset: string): Promise<TarantoolInstance> => {
      const found = await waits.leader(replicaset)
      leaders.set(replicaset, found)
      return found
    }
    const start = new ClusterStart({ source, plan, instances, directories, links, ...beginning, signal, leader })
    await start.run()
    const { template } = start
    const startAgain: StartAgain = async (names, data) => {
      this.#spec.throwIfEnding()
      await startWithData(made, names, { template, data })
    }
    const owned = source.shared.recordChanges ? await setsWithQueue(leaders) : new Set<string>()
    const membership = new MembershipLevels({
      ...{ plan, instances },
      openLinks: async () => await links?.open(plan.routes()),
      removeLinks: async (name, options) => await links?.remove(name, options),
      settle: async timeout => await waits.settle(timeout),
    })
    const hasTemplate = template !== undefined
    this.#reset = new ClusterReset(instances, { source, membership, leaders, owned, start: startAgain, hasTemplate })
    this.#addressesAreKnown = true
  }

  async #make(signal: AbortSignal, ports = this.#spec.ports): Promise<Made> {
    const { source, directory, links, throwIfEnding } = this.#spec
    const plan = await source.plan(directory, ports, signal)
    const instances = new ClusterInstances(plan, links?.links)
    const { keep } = source.shared
    const directories = new ClusterDirectories(directory, { keep, instances: instances.byName })
    return { plan, instances, directories, waits: new MemberWaits(instances, source, throwIfEnding), links }
  }

  #throwIfAborted(signal: AbortSignal): void {
    if (signal.aborted) throw new StartAbortedError(`the start of the ${this.#spec.source.title} was aborted`)
  }
}

type DataOf = Parameters<StartAgain>[1]

/** Starts instances that have ended, with the data of the template, or without data. The others run on. */
async function startWithData(
  { plan, instances, directories }: Made,
  names: readonly string[],
  { template, data }: { template: Template | undefined; data: DataOf },
): Promise<void> {
  const ended = names.flatMap(name => instances.byName.get(name) ?? [])
  if (data === 'of the others') {
    // With another UUID, it would be another member to the others, which already have one of this name.
    for (const { name, workDir } of ended) {
      const latest = template ? join(template.directory, relative(directories.path, workDir)) : workDir
      plan.keepUuid?.(name, uuidOfData(latest))
    }
  }
  await directories.replaceData(data === 'of the template' ? template : undefined, ended)
  // At once: an instance that starts looks for the others that run or start.
  await Promise.all(
    ended.map(async instance => {
      await instance.start({ recreate: false }).catch((error: unknown) => {
        throw errorOfStart(error, new Map([[instance.name, error]]))
      })
    }),
  )
}
