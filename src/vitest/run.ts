import type { TestProject } from 'vitest/node'
import { Broker } from '../broker/broker.ts'
import { type FixtureConfig, type ResolvedFixture, resolveFixture } from '../config/fixture-config.ts'
import { InvalidOptionError } from '../errors.ts'
import { luaFiles, stampOf } from './lua-files.ts'
import { busyWorkers } from './workers.ts'

export interface RunOptions {
  readonly baseDir: string
  /** The config; read again when a rerun begins. */
  readonly load: () => Promise<FixtureConfig>
  /** The file that it was read from. */
  readonly configFile?: string | undefined
}

/**
 * The servers of one setup in one Vitest run, shared by the projects that name that setup. They live from the first
 * project's setup to the last one's teardown.
 */
export class Run {
  readonly #options: RunOptions
  readonly #projects = new Set<TestProject>()
  #broker: Promise<Broker> | undefined
  #fixture: ResolvedFixture | undefined
  #stamp = ''
  #users = 0

  constructor(options: RunOptions) {
    this.#options = options
  }

  /** Joins some projects: makes the broker, and starts as many servers as their workers can be busy, without waiting. */
  async join(
    projects: readonly TestProject[],
    { start }: { start: boolean },
  ): Promise<{ broker: Broker; fixture: ResolvedFixture }> {
    this.#fixture ??= resolveFixture(await this.#options.load())
    const fixture = this.#fixture
    for (const project of projects) this.#projects.add(project)
    const workers = await busyWorkers([...this.#projects])
    checkFixedPorts(fixture, workers)
    this.#stamp ||= this.#currentStamp(fixture)
    this.#broker ??= Broker.listen({ fixture, baseDir: this.#options.baseDir })
    this.#users++
    const broker = await this.#broker
    if (start && fixture.lease === 'file') broker.prestart(workers)
    return { broker, fixture }
  }

  /** Leaves again; the last one ends the servers. Resolves to what went wrong. */
  async leave(): Promise<unknown[]> {
    this.#users--
    if (this.#users > 0 || !this.#broker) return []
    const broker = await this.#broker
    this.#broker = undefined
    this.#fixture = undefined
    this.#stamp = ''
    this.#projects.clear()
    return await broker.close()
  }

  /** Before a rerun in watch mode: servers whose Lua or config changed are replaced. */
  async beforeRerun(): Promise<void> {
    if (!this.#fixture || !this.#broker || this.#currentStamp(this.#fixture) === this.#stamp) return
    this.#fixture = resolveFixture(await this.#options.load())
    this.#stamp = this.#currentStamp(this.#fixture)
    await (await this.#broker).reload(this.#fixture)
  }

  /** What a watcher has to look at. */
  watchedFiles(): string[] {
    const { baseDir, configFile } = this.#options
    return [...(this.#fixture ? luaFiles(this.#fixture, baseDir) : []), ...(configFile ? [configFile] : [])]
  }

  #currentStamp(fixture: ResolvedFixture): string {
    const { baseDir, configFile } = this.#options
    return stampOf([...luaFiles(fixture, baseDir), ...(configFile ? [configFile] : [])])
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
