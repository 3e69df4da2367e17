import type { TestProject, Vitest } from 'vitest/node'
import type { BrokerTicket } from '../broker/messages.ts'
import { Run, type RunOptions, type Workers } from '../broker/run.ts'
import type { ServerFiles } from '../broker/server-files.ts'
import { processWide } from '../process-wide.ts'
import { Bail } from './bail.ts'
import { versionOf } from './versions.ts'
import { workersOf } from './workers.ts'

/** What a setup's runs are made from. */
export interface RunSource {
  /** Tells setups apart. It has to be a text: Vitest 3 and 4 load a root setup anew for each project. */
  readonly identity: string
  readonly options: RunOptions
}

const runs = processWide('runs', () => new WeakMap<Vitest, Map<string, SharedRun>>())

/** How many versions the projects of a run are for. */
const versionsIn = ({ projects }: Vitest): number => new Set(projects.flatMap(project => versionOf(project) ?? [])).size

/**
 * The servers of one setup in one Vitest run, shared by the projects that name that setup. They live from the first
 * project's setup to the last one's teardown.
 */
export class SharedRun {
  readonly #run: Run
  readonly #projects = new Set<TestProject>()
  readonly #onEnd: () => void
  readonly #vitest: Vitest
  readonly #identity: string
  readonly #version: string | undefined
  #users = 0

  private constructor(
    vitest: Vitest,
    { identity, options }: RunSource,
    version: string | undefined,
    onEnd: () => void,
  ) {
    this.#vitest = vitest
    this.#identity = identity
    this.#version = version
    const bail = new Bail(vitest)
    this.#run = new Run({ ...options, version, onRefused: files => bail.refused(files) })
    const unwatch = bail.watch()
    this.#onEnd = () => {
      unwatch()
      onEnd()
    }
  }

  /**
   * The run of a setup, for the projects of one version.
   *
   * @param version undefined for projects that have none of their own
   */
  static of(vitest: Vitest, source: RunSource, version: string | undefined): SharedRun {
    const identity = JSON.stringify([source.identity, version])
    const known = runs.get(vitest) ?? new Map<string, SharedRun>()
    runs.set(vitest, known)
    const run = known.get(identity) ?? new SharedRun(vitest, source, version, () => known.delete(identity))
    known.set(identity, run)
    return run
  }

  /**
   * Joins some projects: makes the broker, and starts servers ahead, without waiting. One that fails has not joined.
   */
  async join(projects: readonly TestProject[], { start }: { start: boolean }): Promise<void> {
    this.#users++
    try {
      const workers = async (): Promise<Workers> => {
        for (const project of projects) this.#projects.add(project)
        return await workersOf([...this.#projects], this.#version === undefined ? 1 : versionsIn(this.#vitest))
      }
      await this.#run.begin(workers, { start, versions: this.#versions() })
    } catch (error) {
      await this.leave()
      throw error
    }
  }

  /** Leaves again; the last one ends the servers. Resolves to what went wrong. */
  async leave(): Promise<unknown[]> {
    this.#users--
    if (this.#users > 0) return []
    this.#projects.clear()
    this.#onEnd()
    return await this.#run.end()
  }

  /** The versions of this run and of those that have its config, as far as they have begun. */
  #versions(): string[] {
    const begun = [...(runs.get(this.#vitest)?.values() ?? [])]
    return begun.flatMap(run => (run.#identity === this.#identity ? (run.#version ?? []) : []))
  }

  /** What workers have to know of it. */
  async ticket(): Promise<BrokerTicket> {
    return await this.#run.ticket()
  }

  /** Before a rerun in watch mode. */
  async beforeRerun(): Promise<void> {
    await this.#run.beforeRerun()
  }

  /** What a watcher has to look at. */
  watched(): ServerFiles {
    return this.#run.watched()
  }
}
