import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfigMode, TemplateDuty } from '../config/config-mode.ts'
import type { Credentials } from '../config/options.ts'
import type { ResolvedOptions } from '../config/resolve.ts'
import type { ResolvedCluster } from '../config/resolve-cluster.ts'
import { type PortReservation, reservePort } from '../instance/place/port.ts'
import type { DescribedInstance, Description } from './description.ts'
import { accountOf, chooseMembers } from './members.ts'
import { namedLogger } from './named-logger.ts'
import { type MemberPlace, placedConfig, placeOfMember } from './placed-config.ts'
import type { ClusterPlan, ClusterPorts, Members, Route } from './plan.ts'
import { mayLackLeader } from './quorum.ts'
import { routesBetween } from './routes.ts'
import { sameAccount, sameMember } from './same-members.ts'

const host = '127.0.0.1'

/** The plan of a cluster whose instances are in the config of an application. */
export class ConfigPlan implements ClusterPlan {
  readonly members: Members<DescribedInstance>
  readonly #directory: string
  readonly #cluster: ResolvedCluster
  readonly #places: readonly MemberPlace[]
  readonly ports: ClusterPorts
  readonly isChanged = false
  readonly changes = 0
  reaches: ClusterPlan['reaches'] = () => true
  runs: ClusterPlan['runs'] = () => false
  readonly #ownAccount: Credentials | undefined
  readonly #uuids = new Map<string, string | undefined>()
  /** The content of the config files, by their paths. */
  #texts: ReadonlyMap<string, string> = new Map()
  duty: TemplateDuty['duty'] | undefined

  private constructor(
    cluster: ResolvedCluster,
    members: Members<DescribedInstance>,
    directory: string,
    ports: ClusterPorts,
  ) {
    this.members = members
    this.#directory = directory
    this.#cluster = cluster
    this.ports = ports
    this.#places = members.instances.map((description, index) =>
      placeOfMember(description, { directory, index: index + 1, port: ports.get(description.name)?.port ?? 0 }),
    )
    const { as } = cluster.application
    if (as === undefined) this.#ownAccount = { user: 'tarantool_fixture', password: randomBytes(12).toString('hex') }
    else accountOf(as, members.connect)
  }

  /** Chooses the instances, and a port for each. @throws InvalidOptionError, ClusterConfigError, SocketPathTooLongError */
  static async make(
    cluster: ResolvedCluster,
    description: Description,
    directory: string,
    given: ClusterPorts = new Map(),
  ): Promise<ConfigPlan> {
    const members = chooseMembers(description, cluster.application)
    const ports = new Map<string, PortReservation>()
    for (const { name } of members.instances) ports.set(name, given.get(name) ?? (await reservePort(host)))
    return new ConfigPlan(cluster, members, directory, ports)
  }

  /**
   * Writes the config, with the addresses and directories of this cluster. With links, each instance has a file of its
   * own. Returns a function that writes the former config.
   *
   * @throws ClusterConfigError if the config does not fit the instances of the cluster
   */
  writeConfig(description: Description): () => void {
    const { directory: appDir, as } = this.#cluster.application
    const places = this.#places.map(place => ({ ...place, description: sameMember(place.description, description) }))
    const connect = places.find(place => place.description.name === this.members.connect.name)
    if (as !== undefined && connect) sameAccount(as, this.members.connect, connect.description, description)
    const textFor = (reader: MemberPlace | undefined): string =>
      // JSON is YAML.
      `${JSON.stringify(placedConfig(description, places, { appDir, account: this.#ownAccount, reader }), null, 2)}\n`
    const readers = this.#hasLinks ? places : places.slice(0, 1)
    const former = this.#texts
    this.#write(new Map(readers.map(place => [this.#configFileOf(place), textFor(this.#hasLinks ? place : undefined)])))
    return () => this.#write(former)
  }

  #write(texts: ReadonlyMap<string, string>): void {
    this.#texts = texts
    for (const [path, text] of texts) writeFileSync(path, text, { mode: 0o600 })
  }

  get #hasLinks(): boolean {
    return this.#cluster.shared.links
  }

  #configFileOf({ index }: MemberPlace): string {
    return join(this.#directory, this.#hasLinks ? `config${index}.yaml` : 'config.yaml')
  }

  keepUuid(name: string, uuid: string | undefined): void {
    this.#uuids.set(name, uuid)
  }

  routes(): Route[] {
    return this.#hasLinks ? routesBetween(this.#places, place => place.peerSocket) : []
  }

  /** The user whom the fixture adds to the config, with another password for each cluster. */
  get addedUser(): string | undefined {
    return this.#ownAccount?.user
  }

  instanceOptions(): [string, ResolvedOptions][] {
    return this.#places.map(place => [place.description.name, this.#optionsOf(place)])
  }

  #optionsOf(place: MemberPlace): ResolvedOptions {
    return {
      ...this.#cluster.shared,
      // The cluster is seeded when all instances are ready.
      seedLua: undefined,
      seed: [],
      logger: namedLogger(place.description.name, this.#cluster.shared.logger),
      host,
      port: place.port,
      consoleHost: 'unix/',
      consolePort: place.consoleSocket,
      credentials: this.#accountFor(place.description),
      configMode: this.#configMode(place),
    }
  }

  #accountFor(description: DescribedInstance): Credentials | undefined {
    const { as } = this.#cluster.application
    if (as === undefined) return this.#ownAccount
    return description.users[as] && accountOf(as, description)
  }

  #configMode(place: MemberPlace): ConfigMode {
    const { application } = this.#cluster
    const { description, directory, agentSocket, peerSocket, serverSocket } = place
    const peers = this.members.instances
      .filter(
        ({ name, replicaset, is_anonymous }) =>
          replicaset === description.replicaset && name !== description.name && !is_anonymous,
      )
      .map(({ name }) => name)
    const there = (): string[] => peers.filter(name => this.reaches(description.name, name))
    return {
      name: description.name,
      configFile: this.#configFileOf(place),
      directory,
      appDir: application.directory,
      agentSocket,
      peerSocket,
      serverSocket,
      peers: there,
      uuid: () => this.#uuids.get(description.name),
      lacksPeers: () => there().length < peers.length,
      mayLackLeader: () =>
        mayLackLeader(peers, { reaches: peer => this.reaches(description.name, peer), runs: this.runs }),
      isAnonymous: description.is_anonymous,
      isRouter: description.sharding.includes('router'),
      ready: application.ready,
      templateDuty: () => this.duty && { duty: this.duty, ignorePasswordOf: this.addedUser },
    }
  }
}
