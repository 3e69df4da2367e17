import { rmSync } from 'node:fs'
import type { TarantoolInstance } from '../../instance/instance.ts'
import type { ClusterInstances } from '../instances.ts'
import { replicateFrom } from '../membership-requests.ts'
import type { ClusterPlan } from '../plan.ts'

/** The members at one time, and the way back to them. */
interface Roster {
  /** How often the members had changed. */
  readonly changes: number
  readonly instances: readonly TarantoolInstance[]
  /** Makes these the members again. Starts and stops nothing. */
  readonly putBack: () => void
}

// In milliseconds. A member that does not answer is replaced.
const patience = 5000

interface MembershipSpec {
  readonly plan: ClusterPlan
  readonly instances: ClusterInstances
  /** Lets the links of all members listen. */
  readonly openLinks: () => Promise<void>
  /** Ends the links of a member that is removed. `andAddress`: also the one before its address, which nobody gets again. */
  readonly removeLinks: (name: string, options: { andAddress: boolean }) => Promise<void>
  /** Waits until the running members replicate with each other. @throws ReplicationError after a timeout in milliseconds */
  readonly settle: (timeout: number) => Promise<void>
}

/** The members that a cluster had when its levels were opened. Those of a config never change. */
export class MembershipLevels {
  readonly #spec: MembershipSpec
  #rosters: (Roster | undefined)[]

  constructor(spec: MembershipSpec) {
    this.#spec = spec
    this.#rosters = [this.#now()]
  }

  /** The members are not those of the highest level. */
  get isChanged(): boolean {
    return !areSame(this.#highest.instances, this.#spec.instances.all)
  }

  /** A level is opened on top of others: the members are those of now. */
  open(level: number): void {
    this.#rosters = this.#rosters.slice(0, level)
    this.#rosters[level] = this.#now()
  }

  /**
   * Goes back to the members of a level. Ends the others, which leave nothing behind. A member that was removed does not run yet.
   * The data of the members, and what they know of each other, is left as it is.
   *
   * @returns true if members have changed: those that are left may be fewer than the members that they know
   */
  async goBack(level: number): Promise<boolean> {
    this.#rosters = this.#rosters.slice(0, level + 1)
    if (this.#highest.changes === this.#spec.plan.changes) return false
    const { instances, plan, openLinks, removeLinks } = this.#spec
    const added = [...instances.byName].filter(([, instance]) => !this.#highest.instances.includes(instance))
    await Promise.all(added.map(([, instance]) => instance.kill()))
    for (const socket of added.flatMap(([name]) => plan.socketsOf?.(name) ?? [])) rmSync(socket, { force: true })
    this.#highest.putBack()
    for (const [name] of added) await removeLinks(name, { andAddress: !plan.ports.has(name) })
    await openLinks()
    const { running } = instances
    const changes = running.map(async instance => {
      const sources = plan.sourcesOf?.(instances.nameOf(instance)) ?? []
      await replicateFrom(instance, sources, { running: running.length, timeout: patience }).catch(() => {})
    })
    await Promise.all(changes)
    await this.#spec.settle(patience).catch(() => {})
    this.#rosters[this.#rosters.lastIndexOf(this.#highest)] = this.#now()
    return true
  }

  get #highest(): Roster {
    const found = this.#rosters.findLast(roster => roster !== undefined)
    if (!found) throw new Error('a cluster begins with members')
    return found
  }

  #now(): Roster {
    const { instances, plan } = this.#spec
    const [ofPlan, ofInstances] = [plan.keepMembers?.(), instances.keepMembers()]
    return {
      changes: plan.changes,
      instances: instances.all,
      putBack: () => {
        ofPlan?.()
        ofInstances()
      },
    }
  }
}

const areSame = (some: readonly unknown[], others: readonly unknown[]): boolean =>
  some.length === others.length && some.every(one => others.includes(one))
