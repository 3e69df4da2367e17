import { type ResolvedFixture, resolveFixture } from '../config/fixture-config.ts'
import type { FixtureConfig } from '../config/server-options.ts'
import { Broker } from './broker.ts'
import { serializeError } from './error-transport.ts'
import { checkFixedPorts } from './fixed-ports.ts'
import type { BrokerTicket } from './messages.ts'
import { findVersions, obtainPrograms, versionsAtHand } from './programs.ts'
import { type ServerFiles, serverFiles, stampOf } from './server-files.ts'
import { needOf, type Workers } from './workers.ts'

/** What the runs of a setup are made from. */
export interface RunSource {
  /** Tells setups apart. It has to be a text: a runner may load a setup anew for each project. */
  readonly identity: string
  readonly baseDir: string
  /** The config; read again when a rerun begins. */
  readonly load: () => Promise<FixtureConfig>
  /** The file that it was read from. */
  readonly configFile?: string | undefined
}

/** What a runner is told of a run. */
export interface RunObserver {
  /** A test file gets no server: the number of files that got none in this run. */
  refused(files: number): void
  ended(): void
}

export interface RunOptions {
  /** The version of Tarantool that the run is for. Default: what the config says. */
  readonly version?: string | undefined
  /** Reports every failure in full to every test file, because the runner may show only one of those files. */
  readonly tellsInFull?: boolean | undefined
  /** Called when the run is made. */
  readonly observe?: (() => RunObserver) | undefined
}

/** What a run has to do with the others of the same runner. */
interface Registration {
  /** The versions of all runs that have this config, as far as they are made. */
  versions(): readonly string[]
  ended(): void
}

export interface JoinOptions {
  /** The workers of each project that joins. A project that joins twice counts once. */
  readonly workers: ReadonlyMap<object, Workers>
  /** Whether there is anything to run, at least now. */
  readonly start: boolean
  /** How many versions the runner's whole run is for. */
  readonly versions: number
}

/**
 * The servers of one setup in a runner's run. The projects that name the setup share them: they live from the first
 * project's joining to the last one's leaving.
 */
export class Run {
  readonly #source: RunSource
  readonly #options: RunOptions
  readonly #registration: Registration
  readonly #observer: RunObserver | undefined
  readonly #workers = new Map<object, Workers>()
  #users = 0
  #broker: Promise<Broker> | undefined
  #fixture: ResolvedFixture | undefined
  /** The files that the servers were made from; undefined before that, and after a config that cannot be used. */
  #stamp: string | undefined
  #versions: BrokerTicket['versions']
  #refresh: Promise<void> | undefined

  constructor(source: RunSource, options: RunOptions, registration: Registration) {
    this.#source = source
    this.#options = options
    this.#registration = registration
    this.#observer = options.observe?.()
  }

  get version(): string | undefined {
    return this.#options.version
  }

  /**
   * Joins some projects: makes the broker, and starts servers ahead without waiting for them, but for their Tarantool to be
   * there. Who gets an error has not joined.
   *
   * @throws what is wrong with the config
   */
  async join(options: JoinOptions): Promise<void> {
    this.#users++
    try {
      await this.#begin(options)
    } catch (error) {
      await this.leave()
      throw error
    }
  }

  /** Leaves again. The last one that leaves ends the servers. */
  async leave(): Promise<void> {
    this.#users--
    if (this.#users <= 0) await this.end()
  }

  /**
   * Ends the servers, whoever still uses them. What goes wrong is written to the console: a teardown that throws would hide
   * the results of the tests, and the teardowns of others.
   */
  async end(): Promise<void> {
    this.#users = 0
    this.#workers.clear()
    this.#registration.ended()
    this.#observer?.ended()
    for (const problem of await this.#close()) {
      console.error(`tarantool-fixture: ${(problem as Error).message ?? problem}`)
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
    const { configFile } = this.#source
    const { files, roots } = this.#fixture ? serverFiles(this.#fixture) : { files: [], roots: [] }
    return { files: [...files, ...(configFile ? [configFile] : [])], roots }
  }

  async #begin({ workers, start, versions }: JoinOptions): Promise<void> {
    this.#fixture ??= await this.#load()
    const fixture = this.#fixture
    for (const [project, its] of workers) this.#workers.set(project, its)
    const { busy, ahead } = needOf(this.#workers.values(), versions)
    checkFixedPorts(fixture, busy, this.#registration.versions())
    this.#stamp ??= this.#currentStamp()
    const onRefused = (files: number): void => this.#observer?.refused(files)
    this.#broker ??= Broker.listen({ fixture, onRefused, tellsInFull: this.#options.tellsInFull })
    const broker = await this.#broker
    if (start && fixture.lease === 'file') broker.prestart(ahead)
    if (start) await this.#obtain(fixture)
    else this.#versions = await versionsAtHand(fixture.servers)
  }

  async #close(): Promise<unknown[]> {
    const broker = this.#broker
    this.#broker = undefined
    this.#fixture = undefined
    this.#stamp = undefined
    try {
      return (await (await broker)?.close()) ?? []
    } catch {
      // It never listened, which the joining has told.
      return []
    }
  }

  #currentStamp(): string {
    return stampOf(this.watched().files)
  }

  async #load(): Promise<ResolvedFixture> {
    const { load, baseDir } = this.#source
    return resolveFixture(await load(), baseDir, this.#options.version)
  }

  async #obtain({ servers, lease }: ResolvedFixture): Promise<void> {
    await obtainPrograms(servers)
    // A file that has its server from the begin on knows its version from the lease.
    this.#versions = lease === 'file' ? undefined : await findVersions(servers)
  }

  async #replaceChanged(): Promise<void> {
    const broker = await this.#broker
    broker?.beginRun()
    if (!this.#fixture || !broker || this.#currentStamp() === this.#stamp) return
    try {
      this.#fixture = await this.#load()
      await this.#obtain(this.#fixture)
      await broker.reload(this.#fixture)
      this.#stamp = this.#currentStamp()
    } catch (error) {
      // Thrown from here it would end the runner; so it is the tests that are told, at the top of a file, too.
      broker.refuse(error as Error)
      this.#versions = Object.fromEntries([...this.#fixture.servers.keys()].map(name => [name, serializeError(error)]))
      // The file that is missing may be one that nobody watches, so the next run tries again.
      this.#stamp = undefined
    }
  }
}
