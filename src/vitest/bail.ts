import type { TestModule, Vitest } from 'vitest/node'
import { isReminder } from '../broker/failed-starts.ts'
import type { RunObserver } from '../broker/run-options.ts'

/**
 * Makes `bail` work for test files that get no server. Vitest counts failed tests only, and such a file has none. This
 * class cancels the run after that many failed files. It counts the files as they end: a run that is cancelled earlier
 * would lose their errors.
 */
export class Bail implements RunObserver {
  readonly #vitest: Vitest
  readonly #reporter = { onTestModuleEnd: (module: TestModule): void => this.#moduleEnded(module) }
  /** The number of files that were told that they get no server. */
  #refused = 0
  #ended = 0
  #isToldInFull = false

  constructor(vitest: Vitest) {
    this.#vitest = vitest
    this.#reporters.push(this.#reporter)
  }

  ended(): void {
    const at = this.#reporters.indexOf(this.#reporter)
    if (at >= 0) this.#reporters.splice(at, 1)
  }

  /** Notes the number of files that were told, in this run, that they get no server. */
  refused(files: number): void {
    // The count is not higher than before, so another run of the tests has begun.
    if (files <= this.#refused) {
      this.#ended = 0
      this.#isToldInFull = false
    }
    this.#refused = files
    // Vitest 3 reports such files at the end of the run, so an early cancel loses no errors.
    if (this.#vitest.version.startsWith('3.')) this.#cancelFrom(files)
  }

  get #reporters(): object[] {
    return (this.#vitest as unknown as { reporters: object[] }).reporters
  }

  #moduleEnded(module: TestModule): void {
    // If a suite with its own config gets no server, the suite has the error, not the file.
    const errors = [module, ...module.children.allSuites()].flatMap(part => part.errors())
    if (this.#refused === 0 || errors.length === 0) return
    this.#ended++
    this.#isToldInFull ||= errors.some(({ message }) => !isReminder(message))
    if (this.#isToldInFull) this.#cancelFrom(this.#ended)
  }

  #cancelFrom(files: number): void {
    const { bail } = this.#vitest.config
    // Not awaited: the promise waits for the files that are running.
    if (bail && files >= bail) this.#vitest.cancelCurrentRun('test-failure').catch(() => {})
  }
}
