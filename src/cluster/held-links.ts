import type { ClusterLinks } from './links.ts'
import type { Route } from './plan.ts'

/** The links of one cluster. A cluster that takes its place on the same addresses gets them from it. */
export class HeldLinks {
  readonly links: ClusterLinks
  #areHandedOn = false

  constructor(links: ClusterLinks) {
    this.links = links
  }

  /** Lets the links between the instances listen. */
  async open(routes: readonly Route[]): Promise<void> {
    await this.links.open(this, routes)
  }

  /** Lets the links between the instances refuse connections, unless another cluster has them meanwhile. */
  async close(): Promise<void> {
    await this.links.close(this)
  }

  /** Ends the links of an instance that is removed: see `ClusterLinks.remove`. */
  async remove(name: string, options?: { andAddress?: boolean }): Promise<void> {
    await this.links.remove(name, options)
  }

  /** Runs a step during which the instances reach each other, whatever faults there are. */
  async withoutFaults<Result>(step: () => Promise<Result>): Promise<Result> {
    return await this.links.withoutFaults(step)
  }

  /** Gives the links, with their faults, to the cluster that takes the place of this one. */
  handOn(): ClusterLinks {
    this.#areHandedOn = true
    return this.links
  }

  /** Ends the links and their faults, unless another cluster has them. */
  async end(): Promise<void> {
    await (this.#areHandedOn ? this.close() : this.links.end())
  }
}
