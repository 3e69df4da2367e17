import { type ResolvedFixture, resolveFixture } from '../config/fixture-config.ts'
import type { FixtureConfig } from '../config/server-options.ts'
import { InvalidOptionError } from '../errors.ts'
import { Broker } from './broker.ts'
import { serializeError } from './error-transport.ts'
import type { BrokerTicket } from './messages.ts'
import { findVersions, obtainPrograms, versionsAtHand } from './programs.ts'
import { type ServerFiles, serverFiles, stampOf } from './server-files.ts'

export interface RunOptions {
  readonly baseDir: string
  /** The config; read again when a rerun begins. */
  readonly load: () => Promise<FixtureConfig>
  /** The file that it was read from. */
  readonly configFile?: string | undefined
  /** Called when a test file gets no server, with the number of files that got none in this run. */
  readonly onRefused?: ((files: number) => void) | undefined
  /** Reports every failure in full to every test file, because the runner may show only one of those files. */
  readonly tellsInFull?: boolean | undefined
  /** The version of Tarantool that the run is for. Default: what the config says. */
  readonly version?: string | undefined
}

/** The workers of a run. */
export interface Workers {
  /** How many can be busy at once. */
  readonly busy: number
  /** How many servers are started before any of them asks for one. */
  readonly ahead: number
}

export interface BeginOptions {
  /** Whether there is anything to run, at least now. */
  readonly start: boolean
  /** The versions of all runs that have this config. Default: one version. */
  readonly versions?: readonly string[] | undefined
}

/** The servers of one setup in a runner's run, from its global setup to its teardown. */
export class Run {
  readonly #options: RunOptions
  #broker: Promise<Broker> | undefined
  #fixture: ResolvedFixture | undefined
  #stamp = ''
  #versions: BrokerTicket['versions']
  #refresh: Promise<void> | undefined

  constructor(options: RunOptions) {
    this.#options = options
  }

  /**
   * Makes the broker, and starts servers ahead without waiting for them, but for their Tarantool to be there. It can be
   * called again, when more workers are known of. When it throws, `end` has to be called.
   *
   * @param workers asked when the config has been read
   * @throws what is wrong with the config
   */
  async begin(workers: () => Promise<Workers>, { start, versions = [] }: BeginOptions): Promise<void> {
    this.#fixture ??= await this.#load()
    const fixture = this.#fixture
    const { busy, ahead } = await workers()
    checkFixedPorts(fixture, busy, versions)
    this.#stamp ||= this.#currentStamp()
    const { baseDir, onRefused, tellsInFull } = this.#options
    this.#broker ??= Broker.listen({ fixture, baseDir, onRefused, tellsInFull })
    const broker = await this.#broker
    if (start && fixture.lease === 'file') broker.prestart(ahead)
    if (start) await this.#obtain(fixture)
    else this.#versions = await versionsAtHand(fixture.servers, baseDir)
  }

  /** Ends the servers. Resolves to what went wrong. */
  async end(): Promise<unknown[]> {
    const broker = this.#broker
    this.#broker = undefined
    this.#fixture = undefined
    this.#stamp = ''
    try {
      return (await (await broker)?.close()) ?? []
    } catch {
      // It never listened, which the begin has told.
      return []
    }
  }

  /** What workers have to know of it. */
  async ticket(): Promise<BrokerTicket> {
    const { servers = new Map<string, unknown>(), lease = 'file' } = this.#fixture ?? {}
    return { path: (await this.#broker)?.path, servers: [...servers.keys()], lease, versions: this.#versions }
  }

  /** Before a rerun in watch mode: servers whose Lua or config changed are replaced. All its projects ask for it at once. */
  async beforeRerun(): Promise<void> {
    this.#refresh ??= this.#replaceChanged().finally(() => {
      this.#refresh = undefined
    })
    await this.#refresh
  }

  /** What a watcher has to look at. */
  watched(): ServerFiles {
    const { baseDir, configFile } = this.#options
    const { files, roots } = this.#fixture ? serverFiles(this.#fixture, baseDir) : { files: [], roots: [] }
    return { files: [...files, ...(configFile ? [configFile] : [])], roots }
  }

  #currentStamp(): string {
    return stampOf(this.watched().files)
  }

  async #load(): Promise<ResolvedFixture> {
    return resolveFixture(await this.#options.load(), this.#options.version)
  }

  async #obtain({ servers, lease }: ResolvedFixture): Promise<void> {
    const { baseDir } = this.#options
    await obtainPrograms(servers, baseDir)
    // A file that has its server from the begin on knows its version from the lease.
    this.#versions = lease === 'file' ? undefined : await findVersions(servers, baseDir)
  }

  async #replaceChanged(): Promise<void> {
    const broker = await this.#broker
    broker?.beginRun()
    if (!this.#fixture || !broker || this.#currentStamp() === this.#stamp) return
    try {
      this.#fixture = await this.#load()
      await this.#obtain(this.#fixture)
      await broker.reload(this.#fixture)
    } catch (error) {
      // Thrown from here it would end the runner; so it is the tests that are told, at the top of a file, too.
      broker.refuse(error as Error)
      this.#versions = Object.fromEntries([...this.#fixture.servers.keys()].map(name => [name, serializeError(error)]))
    }
    this.#stamp = this.#currentStamp()
  }
}

// Two servers cannot listen on one port.
function checkFixedPorts({ servers, maxServers }: ResolvedFixture, workers: number, versions: readonly string[]): void {
  for (const [name, { port, consolePort }] of servers) {
    const option = port !== undefined ? 'port' : consolePort !== undefined ? 'consolePort' : undefined
    if (option === undefined) continue
    const says = `server '${name}' has a fixed '${option}'`
    if (versions.length > 1) {
      // A runner begins its projects in any order.
      const sorted = [...versions].sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
      throw new InvalidOptionError(
        `${says}, and tarantoolVersions starts a server of each version (${sorted.join(', ')})`,
        { hint: `Leave '${option}' out: each server then has an address of its own.` },
      )
    }
    if (workers <= 1 || maxServers === 1) continue
    throw new InvalidOptionError(`${says}, and ${workers} workers need one server each`, {
      hint: `Leave '${option}' out, or set maxServers: 1 (files then wait for each other).`,
    })
  }
}
