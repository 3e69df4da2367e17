import { sharedValue } from '../shared-value.ts'
import { Run } from './run.ts'
import type { RunOptions, RunSource } from './run-options.ts'

const registries = sharedValue('runs', () => new WeakMap<object, Runs>())

const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

/**
 * The servers of one run of a test runner: a Run for each setup and each version. Projects that name the same setup
 * share its runs.
 */
export class Runs {
  readonly #bySetup = new Map<string, Map<string | undefined, Run>>()

  /**
   * @param runner an object that identifies the runner's run. Any copy of this package finds the same runs by this
   *   object
   */
  static of(runner: object): Runs {
    const known = registries.get(runner) ?? new Runs()
    registries.set(runner, known)
    return known
  }

  /** The run of a setup for one version. It is made if there is none. */
  find(source: RunSource, options: RunOptions): Run {
    const { version } = options
    const runs = this.#bySetup.get(source.identity) ?? new Map<string | undefined, Run>()
    this.#bySetup.set(source.identity, runs)
    const known = runs.get(version)
    if (known) return known
    const run: Run = new Run(source, options, {
      // The order does not depend on which project was set up first, since Vitest does not guarantee that order.
      versions: () => [...runs.keys()].filter(key => key !== undefined).sort(byNumber),
      ended: () => {
        if (runs.get(version) === run) runs.delete(version)
      },
    })
    runs.set(version, run)
    return run
  }

  /** Ends the runs of a setup, even if a project still uses them. */
  async endSetup(identity: string): Promise<void> {
    const runs = this.#bySetup.get(identity)?.values() ?? []
    await Promise.all([...runs].map(run => run.end()))
  }

  /** Ends the servers of all runs. In watch mode, those that are held last until the next run. */
  async restAll(): Promise<void> {
    const runs = [...this.#bySetup.values()].flatMap(byVersion => [...byVersion.values()])
    await Promise.all(runs.map(run => run.rest()))
  }
}
