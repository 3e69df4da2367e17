import { NotRunningError } from '../errors.ts'
import { conditionText, linkText } from '../link/fault.ts'
import { Front } from '../link/front.ts'
import { noSuchLink, separations } from '../link/pairs.ts'
import type { Route } from './plan.ts'

interface Between {
  readonly from: string
  readonly to: string
  readonly front: Front
}

/** The links of a cluster: one between two instances in each direction, and one before the address of each instance. */
export class ClusterLinks {
  readonly #fronts = new Map<string, Front>()
  #between: Between[] = []

  /** The link before the address of an instance. */
  frontOf(name: string): Front {
    const front = this.#fronts.get(name) ?? new Front()
    this.#fronts.set(name, front)
    return front
  }

  /** Lets the links between the instances listen. `holder`: the cluster that has them now. */
  async open(holder: object, routes: readonly Route[]): Promise<void> {
    await Promise.all(routes.map(({ from, to, ends }) => this.#make(from, to).open(holder, ends)))
  }

  /** Lets the links between the instances refuse connections, unless another cluster has them meanwhile. */
  async close(holder: object): Promise<void> {
    await this.#each(front => front.close(holder))
  }

  /** Ends all links and their faults. */
  async end(): Promise<void> {
    const why = 'has ended: the cluster was stopped'
    await Promise.all([...this.#fronts].map(([to, front]) => front.end(`${linkText({ to })} ${why}`)))
    await Promise.all(this.#between.map(({ front, ...place }) => front.end(`${linkText(place)} ${why}`)))
  }

  /**
   * Ends the links of an instance that is removed. `andAddress`: also the link before its address, when no other instance
   * gets the address. Otherwise the next instance finds that link sound.
   */
  async remove(name: string, { andAddress = false }: { andAddress?: boolean } = {}): Promise<void> {
    const gone = this.#between.filter(({ from, to }) => from === name || to === name)
    this.#between = this.#between.filter(link => !gone.includes(link))
    await Promise.all(
      gone.map(({ from, to, front }) =>
        front.end(`the link from '${from}' to '${to}' has ended: '${name}' was removed`),
      ),
    )
    if (!andAddress) {
      await this.#fronts.get(name)?.heal()
      return
    }
    await this.#fronts.get(name)?.end(`the link of '${name}' has ended: '${name}' was removed`)
    this.#fronts.delete(name)
  }

  /** Runs a step during which the instances reach each other, whatever faults there are. */
  async withoutFaults<Result>(step: () => Promise<Result>): Promise<Result> {
    await this.#each(front => front.suspend())
    try {
      return await step()
    } finally {
      await this.#each(front => front.resume())
    }
  }

  /** @throws InvalidOptionError if there is no such link */
  between(from: string, to: string, names: readonly string[]): Front {
    if (from === to || !names.includes(from) || !names.includes(to)) throw noSuchLink(from, to, names)
    const found = this.#find(from, to)
    if (found) return found
    throw new NotRunningError(`the link from '${from}' to '${to}' has no server yet`, { hint: 'Await start() first.' })
  }

  /** Cuts the links between groups of instances. @throws InvalidOptionError */
  async partition(groups: readonly (readonly string[])[], names: readonly string[]): Promise<void> {
    const cut = separations(groups, names).map(
      async ([from, to]) => await this.between(from, to, names).make({ is: 'cut' }),
    )
    await Promise.all(cut)
  }

  /** The number of faults that the links between the instances have had, and that have ended. */
  get changes(): number {
    return this.#between.reduce((sum, { front }) => sum + front.changes, 0)
  }

  /** Ends the faults of all links, also those before the addresses. Returns true if instances could not reach each other. */
  async heal(): Promise<boolean> {
    const wasFaulty = this.areFaulty
    await Promise.all([...this.#fronts.values()].map(front => front.heal()))
    await this.#each(front => front.heal())
    return wasFaulty
  }

  /** The faults of the links between some instances, as texts. */
  faultsAmong(names: readonly string[]): string[] {
    return this.#between
      .filter(({ from, to, front }) => front.condition.is !== 'sound' && names.includes(from) && names.includes(to))
      .map(({ from, to, front }) => `${linkText({ from, to })} ${conditionText(front.condition)}`)
  }

  /** True if a link between instances has a fault. */
  get areFaulty(): boolean {
    return this.#between.some(({ front }) => front.condition.is !== 'sound')
  }

  /** True if an instance can replicate from another, and the other from it. */
  pass(from: string, to: string): boolean {
    return [this.#find(from, to), this.#find(to, from)].every(front => front?.passes ?? true)
  }

  #find(from: string, to: string): Front | undefined {
    return this.#between.find(link => link.from === from && link.to === to)?.front
  }

  #make(from: string, to: string): Front {
    const found = this.#find(from, to)
    if (found) return found
    const front = new Front()
    this.#between.push({ from, to, front })
    return front
  }

  async #each(act: (front: Front) => Promise<void>): Promise<void> {
    await Promise.all(this.#between.map(({ front }) => act(front)))
  }
}
