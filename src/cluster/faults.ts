import type { InvalidOptionError } from '../errors.ts'
import { processActs } from '../instance/fault-acts.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import type { Fault, Link, LinkPlace } from '../link/fault.ts'
import { type FaultActs, FaultSequence } from '../link/fault-sequence.ts'
import { noLinks } from '../link/no-links.ts'
import { allPlaces, linkCall, partitionCall } from '../link/pairs.ts'
import type { FaultsOptions } from '../link/planned-faults.ts'
import type { InstanceCall } from './failure.ts'
import type { ClusterInstances } from './instances.ts'
import type { ClusterLinks } from './links.ts'

// In milliseconds. Replication begins again after the replication timeout, which is 1 s by default.
const longestSettling = 5000

type Named = TarantoolInstance | string

/** Finds the instances of a cluster that has started. @throws NotRunningError */
type FindInstances = () => ClusterInstances

interface ClusterFaultsSpec {
  /** The cluster, in messages. */
  readonly title: string
  /** Waits until the running instances replicate with each other, for a time in milliseconds. */
  readonly settle: (timeout: number) => Promise<void>
}

/** The faults that tests make in a cluster, and the wait for the replication after them. */
export class ClusterFaults {
  readonly #links: ClusterLinks | undefined
  readonly #spec: ClusterFaultsSpec
  /** Instances were paused. They may not replicate with the others yet. */
  #isResumed = false
  /** The number of faults of links after which the instances replicated with each other. */
  #linkChanges = 0

  constructor(links: ClusterLinks | undefined, spec: ClusterFaultsSpec) {
    this.#links = links
    this.#spec = spec
  }

  /** @throws InvalidOptionError */
  link(from: Named, to: Named, find: FindInstances): Link {
    const { links, instances } = this.#linked(find)
    const [start, end] = [nameOf(from, instances, linkCall('from')), nameOf(to, instances, linkCall('to'))]
    return links.between(start, end, namesOf(instances)).link
  }

  /** Cuts the links between groups of instances. @throws InvalidOptionError */
  async partition(groups: readonly (readonly Named[])[], find: FindInstances): Promise<void> {
    const { links, instances } = this.#linked(find)
    const byName = groups.map(group =>
      Array.isArray(group) ? group.map(member => nameOf(member, instances, partitionCall)) : group,
    )
    await links.partition(byName as string[][], namesOf(instances))
  }

  /** Makes a fault of some links. @throws InvalidOptionError, UnknownServerError if there is no such link */
  async make(
    fault: Fault,
    places: readonly LinkPlace[],
    { instances: find, settles }: { instances: FindInstances; settles: boolean },
  ): Promise<void> {
    const { links, instances } = this.#linked(find)
    const fronts = places.map(({ from, to }) => {
      if (from !== undefined) return links.between(from, to, namesOf(instances))
      return links.frontOf(instances.nameOf(instances.named(to)))
    })
    await Promise.all(fronts.map(front => front.make(fault)))
    if (settles) await this.#settle()
  }

  /** Ends the faults of all links. @throws InvalidOptionError without links */
  async healAll(find: FindInstances): Promise<void> {
    await this.#linked(find).links.heal()
  }

  /** Ends the faults of all links, if there are links. `settles`: waits until the instances replicate again. */
  async heal({ settles }: { settles: boolean }): Promise<void> {
    if ((await this.#links?.heal()) && settles) await this.#settle()
  }

  /** A sequence of faults of all instances and links. @throws InvalidOptionError */
  sequence(instances: ClusterInstances, options: FaultsOptions): FaultSequence {
    const names = namesOf(instances)
    const acts: FaultActs = {
      instances: names,
      links: this.#links ? allPlaces(names) : [],
      noLinks: () => this.#noLinks(),
      ...processActs(name => instances.byName.get(name)),
      make: async (fault, place) =>
        await this.make(fault, place ? [place] : [], { instances: () => instances, settles: false }),
    }
    return new FaultSequence(acts, options)
  }

  /** Paused instances were resumed: the next step waits until they replicate with the others. */
  noteResumed(): void {
    this.#isResumed = true
  }

  /** Runs a step during which the instances replicate with each other, also those that a suite has separated. */
  async duringNone<Result>(step: () => Promise<Result>): Promise<Result> {
    if (!this.#links?.areFaulty) {
      if (!this.#isSettled) await this.#settle()
      return await step()
    }
    return await this.#links.withoutFaults(async () => {
      await this.#settle()
      return await step()
    })
  }

  // A leader that has lost its connections may resign a little later.
  get #isSettled(): boolean {
    return !this.#isResumed && this.#linkChanges === (this.#links?.changes ?? 0)
  }

  // A test may have changed the replication itself.
  async #settle(): Promise<void> {
    this.#isResumed = false
    this.#linkChanges = this.#links?.changes ?? 0
    await this.#spec.settle(longestSettling).catch(() => {})
  }

  #linked(find: FindInstances): { links: ClusterLinks; instances: ClusterInstances } {
    if (!this.#links) throw this.#noLinks()
    return { links: this.#links, instances: find() }
  }

  #noLinks(): InvalidOptionError {
    return noLinks(`the ${this.#spec.title}`, 'links: true')
  }
}

const namesOf = ({ byName }: ClusterInstances): string[] => [...byName.keys()]

// The error of an unknown name says more where the name is used.
const nameOf = (instance: Named, instances: ClusterInstances, call: InstanceCall): string =>
  typeof instance === 'string' ? instance : instances.nameOf(instances.find(instance, call))
