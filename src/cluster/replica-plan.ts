import type { TemplateDuty } from '../config/config-mode.ts'
import type { ReplicaMode, ReplicationTerms } from '../config/replica-mode.ts'
import type { ResolvedOptions } from '../config/resolve.ts'
import type { ReplicaSetWithOptions, ResolvedMember, ResolvedReplicaSet } from '../config/resolve-replica-set.ts'
import { UnknownServerError } from '../errors.ts'
import { uriForServer } from '../instance/place/addresses.ts'
import { type PortReservation, reservePort } from '../instance/place/port.ts'
import { isAtLeast, type Version } from '../version/version.ts'
import { namedLogger } from './named-logger.ts'
import { linkSocket, type MemberPlace, placeOfMember } from './placed-config.ts'
import type { ClusterPlan, ClusterPorts, Members, Route } from './plan.ts'
import { type ReplicaMember, uuidOf } from './replica-member.ts'
import { termsOf } from './replica-terms.ts'
import { routesBetween } from './routes.ts'

const host = '127.0.0.1'

/** A member that a plan has got. */
export interface AddedMember {
  readonly options: ResolvedOptions
  readonly uuid: string
  /** No member of that name has been there before. */
  readonly isNew: boolean
  /** Takes the member out of the plan, which is then as before. Only for the member that was added last. */
  readonly withdraw: () => void
}

/** The plan of a replica set without a config. */
export class ReplicaPlan implements ClusterPlan {
  readonly ports: Map<string, PortReservation>
  duty: TemplateDuty['duty'] | undefined
  isChanged = false
  changes = 0
  reaches: ClusterPlan['reaches'] = () => true
  runs: ClusterPlan['runs'] = () => false
  readonly #set: ResolvedReplicaSet
  readonly #shared: ResolvedOptions
  readonly #version: Version
  readonly #directory: string
  readonly #places = new Map<string, MemberPlace<ReplicaMember>>()
  #count = 0

  private constructor({ replicaSet, shared }: ReplicaSetWithOptions, version: Version, directory: string) {
    this.#set = replicaSet
    this.#shared = shared
    this.#version = version
    this.#directory = directory
    this.ports = new Map()
  }

  /** Chooses a place and a port for each member. @throws SocketPathTooLongError */
  static async make(
    set: ReplicaSetWithOptions,
    { version, directory, ports }: { version: Version; directory: string; ports: ClusterPorts | undefined },
  ): Promise<ReplicaPlan> {
    const plan = new ReplicaPlan(set, version, directory)
    for (const member of set.replicaSet.members) await plan.#place(member, false, ports?.get(member.name))
    return plan
  }

  get members(): Members<ReplicaMember> {
    const instances = this.#members
    const connect = instances.find(({ name }) => name === this.#set.leader) ?? instances[0]
    if (!connect) throw new Error('a replica set has members')
    return { instances, connect, seeded: [connect] }
  }

  /** The name of the next member without a name of its own. */
  get nextName(): string {
    const nameOf = (number: number): string => `${this.#set.name}-${number}`
    let number = 1
    // The port of a member that was removed is still there.
    while (this.ports.has(nameOf(number))) number++
    return nameOf(number)
  }

  /** Adds a member to the set. @throws SocketPathTooLongError */
  async add(member: ResolvedMember): Promise<AddedMember> {
    const { isChanged } = this
    const known = this.ports.get(member.name)
    const place = await this.#place(member, true, known)
    this.isChanged = true
    this.changes++
    const withdraw = (): void => {
      this.#places.delete(member.name)
      // An address that a member has had stays its address.
      if (!known) this.ports.delete(member.name)
      this.#count = place.index - 1
      this.isChanged = isChanged
    }
    return { options: this.#optionsOf(place), uuid: place.description.uuid, isNew: !known, withdraw }
  }

  socketsOf(name: string): string[] {
    const { agentSocket, peerSocket, consoleSocket, serverSocket } = this.#placeOf(name)
    return [agentSocket, peerSocket, consoleSocket, serverSocket]
  }

  remove(name: string): void {
    this.isChanged = true
    this.changes++
    // Its port stays reserved. A start with empty directories begins with the member again, on the same address.
    this.#places.delete(name)
  }

  keepMembers(): () => void {
    const [places, names, count, isChanged] = [[...this.#places], [...this.ports.keys()], this.#count, this.isChanged]
    return () => {
      for (const name of this.ports.keys()) if (!names.includes(name)) this.ports.delete(name)
      this.#places.clear()
      for (const [name, place] of places) this.#places.set(name, place)
      this.#count = count
      this.isChanged = isChanged
    }
  }

  instanceOptions(): [string, ResolvedOptions][] {
    return [...this.#places].map(([name, place]) => [name, this.#optionsOf(place)])
  }

  sourcesOf(member: string): string[] {
    return this.#members.map(({ name }) => this.#uriBetween(member, name))
  }

  get #members(): ReplicaMember[] {
    return [...this.#places.values()].map(({ description }) => description)
  }

  async #place(
    member: ResolvedMember,
    isAdded: boolean,
    port: PortReservation | undefined,
  ): Promise<MemberPlace<ReplicaMember>> {
    const index = this.#count + 1
    const reservation = port ?? (await reservePort(host))
    const description = { ...member, replicaset: this.#set.name, uuid: uuidOf(index), isAdded }
    const place = placeOfMember(description, { directory: this.#directory, index, port: reservation.port })
    this.#count = index
    this.ports.set(member.name, reservation)
    this.#places.set(member.name, place)
    return place
  }

  // The one place that decides how a member reaches another.
  #uriBetween(from: string, to: string): string {
    const [origin, target] = [this.#placeOf(from), this.#placeOf(to)]
    const socket = this.#shared.links && from !== to ? linkSocket(origin, target) : this.#socketOf(target)
    return socket === undefined ? `${host}:${target.port}` : uriForServer('unix/', socket, origin.directory)
  }

  // The socket on which other members reach a member. Undefined: they use the address for tests.
  #socketOf({ peerSocket, serverSocket }: MemberPlace<ReplicaMember>): string | undefined {
    if (this.#hasPeerSockets) return peerSocket
    return this.#shared.links ? serverSocket : undefined
  }

  routes(): Route[] {
    return this.#shared.links ? routesBetween([...this.#places.values()], place => this.#socketOf(place) ?? '') : []
  }

  // Older versions listen on one address only, which is the one for tests.
  get #hasPeerSockets(): boolean {
    return isAtLeast(this.#version, 2, 10)
  }

  #placeOf(name: string): MemberPlace<ReplicaMember> {
    const place = this.#places.get(name)
    if (!place) {
      throw new UnknownServerError(`'${name}' is no longer a member of the replica set`, {
        hint: `addReplica({ name: '${name}' }) adds a new one.`,
      })
    }
    return place
  }

  #optionsOf(place: MemberPlace<ReplicaMember>): ResolvedOptions {
    const { name, own } = place.description
    return {
      ...this.#shared,
      ...own,
      // The set is seeded when all members are ready.
      seedLua: undefined,
      seed: [],
      logger: namedLogger(name, this.#shared.logger),
      host,
      port: place.port,
      consoleHost: 'unix/',
      consolePort: place.consoleSocket,
      replicaMode: this.#modeOf(place),
    }
  }

  #modeOf({ description, directory, agentSocket, peerSocket, serverSocket }: MemberPlace<ReplicaMember>): ReplicaMode {
    return {
      name: description.name,
      directory,
      agentSocket,
      peerSocket: this.#hasPeerSockets ? peerSocket : undefined,
      serverSocket,
      terms: () => this.#termsOf(description),
      templateDuty: () => this.duty && { duty: this.duty, ignorePasswordOf: undefined },
    }
  }

  #termsOf(member: ReplicaMember): ReplicationTerms {
    const { name } = member
    return termsOf(member, {
      set: this.#set,
      version: this.#version,
      others: this.#members.filter(other => other.name !== name),
      sources: this.sourcesOf(name),
      reaches: other => this.reaches(name, other),
      runs: this.runs,
    })
  }
}
