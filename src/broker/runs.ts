import { sharedValue } from '../shared-value.ts'
import { Run, type RunOptions, type RunSource } from './run.ts'

const registries = sharedValue('runs', () => new WeakMap<object, Runs>())

const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

/**
 * What one run of a test runner has begun: a Run for each setup and each version. Projects that name the same setup share
 * its runs.
 */
export class Runs {
  readonly #bySetup = new Map<string, Map<string | undefined, Run>>()

  /** @param runner an object that stands for the runner's run: any copy of this package finds the same runs by it */
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
      // In an order that does not depend on which project was set up first: Vitest says nothing about that.
      versions: () => [...runs.keys()].filter(key => key !== undefined).sort(byNumber),
      ended: () => {
        if (runs.get(version) === run) runs.delete(version)
      },
    })
    runs.set(version, run)
    return run
  }

  /** Ends the runs of a setup, whoever still uses them. */
  async endSetup(identity: string): Promise<void> {
    const runs = this.#bySetup.get(identity)?.values() ?? []
    await Promise.all([...runs].map(run => run.end()))
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#bySetup.keys()].map(identity => this.endSetup(identity)))
  }
}
