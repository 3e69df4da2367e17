import type { TestModule, Vitest } from 'vitest/node'
import { isReminder } from '../broker/failed-starts.ts'

/**
 * Cancels a run that has `bail` when so many files have failed for want of a server. Vitest counts failed tests, and such a
 * file has none.
 */
export class Bail {
  readonly #vitest: Vitest
  /** How many files were told that they get no server. */
  #refused = 0
  #ended = 0
  #isToldInFull = false

  constructor(vitest: Vitest) {
    this.#vitest = vitest
  }

  /** Looks at the files of the run as they end: cancelled before, it would lose what they have to say. Returns the end of it. */
  watch(): () => void {
    const { reporters } = this.#vitest as unknown as { reporters: object[] }
    const reporter = { onTestModuleEnd: (module: TestModule) => this.#moduleEnded(module) }
    reporters.push(reporter)
    return () => {
      const at = reporters.indexOf(reporter)
      if (at >= 0) reporters.splice(at, 1)
    }
  }

  /** So many files of the run were told by now that they get no server. */
  refused(files: number): void {
    // Another run of the tests has begun.
    if (files <= this.#refused) {
      this.#ended = 0
      this.#isToldInFull = false
    }
    this.#refused = files
    // It tells of such files when the run has ended, and loses nothing.
    if (this.#vitest.version.startsWith('3.')) this.#cancelFrom(files)
  }

  #moduleEnded(module: TestModule): void {
    // A server of a suite's own config is missed by the suite.
    const errors = [module, ...module.children.allSuites()].flatMap(part => part.errors())
    if (this.#refused === 0 || errors.length === 0) return
    this.#ended++
    this.#isToldInFull ||= errors.some(({ message }) => !isReminder(message))
    if (this.#isToldInFull) this.#cancelFrom(this.#ended)
  }

  #cancelFrom(files: number): void {
    const { bail } = this.#vitest.config
    // Not awaited: it waits for the files that run.
    if (bail && files >= bail) this.#vitest.cancelCurrentRun('test-failure').catch(() => {})
  }
}
