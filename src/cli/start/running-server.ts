import type { AnyCluster } from '../../cluster/any-cluster.ts'
import { TarantoolCluster } from '../../cluster/cluster.ts'
import { TarantoolReplicaSet } from '../../cluster/replica-set.ts'
import type { ResolvedServer } from '../../config/fixture-config.ts'
import type { Logger } from '../../config/options.ts'
import { NotRunningError } from '../../errors.ts'
import { TarantoolInstance } from '../../instance/instance.ts'

/** The address and the account of a server, as a person or a script needs them. */
export interface Reachable {
  readonly name: string
  readonly host: string
  readonly port: number | string
  readonly uri: string
  readonly user?: string | undefined
  readonly password?: string | undefined
  readonly ports: Readonly<Record<string, number>>
  readonly version: string
  readonly pid: number | undefined
  readonly log: string
}

/** A server of the config that the command `start` runs: an instance, or a cluster with its instances. */
export interface StartedServer {
  readonly name: string
  /** The ports of the server, if they are known: a server of the same name can have them next. */
  ports(): Partial<Pick<ResolvedServer, 'port' | 'ports'>>
  /** Starts the server with no data. After a stop, it has the same addresses. */
  start(): Promise<void>
  stop(): Promise<void>
  addresses(): Reachable[]
  /** Rejects with the reason when a process ends that nobody asked to end. */
  died(): Promise<never>
}

function reachableOf(name: string, instance: TarantoolInstance): Reachable {
  const { host, port, uri, credentials, ports, pid, logFile } = instance
  const version = instance.version().text
  return { name, host, port, uri, ...credentials, ports, version, pid, log: logFile }
}

async function deathOf(instance: TarantoolInstance): Promise<never> {
  const { process } = instance
  await process?.exited
  // An end that was asked for has another state, and is no news.
  if (instance.state !== 'failed') return await new Promise(() => {})
  // Says how the process ended, with the last lines of its log.
  await instance.status()
  throw new NotRunningError(`${instance.fingerprint} has ended`)
}

class StartedInstance implements StartedServer {
  readonly name: string
  readonly #instance: TarantoolInstance

  constructor(name: string, server: ResolvedServer) {
    this.name = name
    this.#instance = TarantoolInstance.of(server)
  }

  ports(): Partial<Pick<ResolvedServer, 'port' | 'ports'>> {
    try {
      const { port, ports } = this.#instance
      return { port, ports }
    } catch {
      // It has never come so far.
      return {}
    }
  }

  async start(): Promise<void> {
    await this.#instance.start()
  }

  async stop(): Promise<void> {
    await this.#instance.stop()
  }

  addresses(): Reachable[] {
    return [reachableOf(this.name, this.#instance)]
  }

  async died(): Promise<never> {
    return await deathOf(this.#instance)
  }
}

class StartedCluster implements StartedServer {
  readonly name: string
  readonly #cluster: AnyCluster

  constructor(name: string, cluster: AnyCluster) {
    this.name = name
    this.#cluster = cluster
  }

  // A cluster chooses the ports of its instances at its first start.
  ports(): Record<string, never> {
    return {}
  }

  async start(): Promise<void> {
    await this.#cluster.start()
  }

  async stop(): Promise<void> {
    await this.#cluster.stop()
  }

  addresses(): Reachable[] {
    const connect = this.#cluster.instance()
    const inOrder = [connect, ...this.#cluster.instances.filter(instance => instance !== connect)]
    return inOrder.map(instance => reachableOf(instance.name, instance))
  }

  async died(): Promise<never> {
    return await Promise.race(this.#cluster.instances.map(deathOf))
  }
}

interface MakeOptions {
  readonly logger: Logger | undefined
  /** A server whose ports the new one has, where the config names none. It must have ended when the new one starts. */
  readonly former?: StartedServer | undefined
}

function portsOf(server: ResolvedServer, former: StartedServer | undefined): Pick<ResolvedServer, 'port' | 'ports'> {
  const { port, ports = {} } = former?.ports() ?? {}
  // A path belongs to the directory of the former server.
  const isFree = server.port === undefined && server.host !== 'unix/' && typeof port === 'number'
  const named = Object.entries(server.ports).map(([name, own]) => [name, own ?? ports[name]])
  return { port: isFree ? port : server.port, ports: Object.fromEntries(named) }
}

/** Makes a server of the config. Starts nothing. */
export function makeServer(name: string, server: ResolvedServer, { logger, former }: MakeOptions): StartedServer {
  // Nothing is reset here, so nothing has to be recorded.
  const options = {
    ...server,
    ...portsOf(server, former),
    recordChanges: false,
    logger: logger ?? server.logger,
    title: server.title ?? name,
  }
  const { application, replicaSet, ...shared } = options
  if (application) return new StartedCluster(name, TarantoolCluster.of({ application, shared }))
  if (replicaSet) return new StartedCluster(name, TarantoolReplicaSet.of({ replicaSet, shared }))
  return new StartedInstance(name, options)
}
