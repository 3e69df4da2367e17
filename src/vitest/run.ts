import type { TestProject, Vitest } from 'vitest/node'
import { Broker } from '../broker/broker.ts'
import { type FixtureConfig, type ResolvedFixture, resolveFixture } from '../config/fixture-config.ts'
import { InvalidOptionError } from '../errors.ts'
import type { BrokerTicket } from '../handle/worker-state.ts'
import { serverFiles, stampOf } from './server-files.ts'
import { shared } from './shared.ts'
import { busyWorkers } from './workers.ts'

export interface RunOptions {
  readonly baseDir: string
  /** The config; read again when a rerun begins. */
  readonly load: () => Promise<FixtureConfig>
  /** The file that it was read from. */
  readonly configFile?: string | undefined
}

const runs = shared('runs', () => new WeakMap<Vitest, Map<string, Run>>())

/**
 * The servers of one setup in one Vitest run, shared by the projects that name that setup. They live from the first
 * project's setup to the last one's teardown.
 */
export class Run {
  readonly #options: RunOptions
  readonly #projects = new Set<TestProject>()
  readonly #onEnd: () => void
  #broker: Promise<Broker> | undefined
  #fixture: ResolvedFixture | undefined
  #stamp = ''
  #users = 0
  #refresh: Promise<void> | undefined

  private constructor(options: RunOptions, onEnd: () => void) {
    this.#options = options
    this.#onEnd = onEnd
  }

  /**
   * The run of a setup.
   *
   * @param identity tells setups apart. It has to be a text: Vitest 3 and 4 load a root setup anew for each project.
   */
  static of(vitest: Vitest, identity: string, options: RunOptions): Run {
    const known = runs.get(vitest) ?? new Map<string, Run>()
    runs.set(vitest, known)
    const run = known.get(identity) ?? new Run(options, () => known.delete(identity))
    known.set(identity, run)
    return run
  }

  /**
   * Joins some projects: makes the broker, and starts as many servers as their workers can be busy, without waiting.
   * One that fails has not joined.
   */
  async join(projects: readonly TestProject[], { start }: { start: boolean }): Promise<void> {
    this.#users++
    try {
      this.#fixture ??= resolveFixture(await this.#options.load())
      const fixture = this.#fixture
      for (const project of projects) this.#projects.add(project)
      const workers = await busyWorkers([...this.#projects])
      checkFixedPorts(fixture, workers)
      this.#stamp ||= this.#currentStamp(fixture)
      this.#broker ??= Broker.listen({ fixture, baseDir: this.#options.baseDir })
      const broker = await this.#broker
      if (start && fixture.lease === 'file') broker.prestart(workers)
    } catch (error) {
      await this.leave()
      throw error
    }
  }

  /** Leaves again; the last one ends the servers. Resolves to what went wrong. */
  async leave(): Promise<unknown[]> {
    this.#users--
    if (this.#users > 0) return []
    const broker = this.#broker
    this.#broker = undefined
    this.#fixture = undefined
    this.#stamp = ''
    this.#projects.clear()
    this.#onEnd()
    try {
      return (await (await broker)?.close()) ?? []
    } catch {
      // It never listened, which the join has told.
      return []
    }
  }

  /** What workers have to know of it. */
  async ticket(): Promise<BrokerTicket> {
    const { servers = new Map<string, unknown>(), lease = 'file' } = this.#fixture ?? {}
    return { path: (await this.#broker)?.path, servers: [...servers.keys()], lease }
  }

  /** Before a rerun in watch mode: servers whose Lua or config changed are replaced. All its projects ask for it at once. */
  async beforeRerun(): Promise<void> {
    this.#refresh ??= this.#replaceChanged().finally(() => {
      this.#refresh = undefined
    })
    await this.#refresh
  }

  /** What a watcher has to look at. */
  watchedFiles(): string[] {
    const { baseDir, configFile } = this.#options
    return [...(this.#fixture ? serverFiles(this.#fixture, baseDir) : []), ...(configFile ? [configFile] : [])]
  }

  async #replaceChanged(): Promise<void> {
    const broker = await this.#broker
    if (!this.#fixture || !broker || this.#currentStamp(this.#fixture) === this.#stamp) return
    try {
      this.#fixture = resolveFixture(await this.#options.load())
      await broker.reload(this.#fixture)
    } catch (error) {
      // Thrown from here it would end Vitest; so it is the tests that are told.
      broker.refuse(error as Error)
    }
    this.#stamp = this.#currentStamp(this.#fixture)
  }

  #currentStamp(fixture: ResolvedFixture): string {
    const { baseDir, configFile } = this.#options
    return stampOf([...serverFiles(fixture, baseDir), ...(configFile ? [configFile] : [])])
  }
}

// Two servers cannot listen on one port.
function checkFixedPorts({ servers, maxServers }: ResolvedFixture, workers: number): void {
  if (workers <= 1 || maxServers === 1) return
  for (const [name, { port, consolePort }] of servers) {
    const option = port !== undefined ? 'port' : consolePort !== undefined ? 'consolePort' : undefined
    if (option === undefined) continue
    throw new InvalidOptionError(
      `server '${name}' has a fixed '${option}', and ${workers} workers need one server each`,
      {
        hint: `Leave '${option}' out, or set maxServers: 1 (files then wait for each other).`,
      },
    )
  }
}
