import type { Reporter, SerializedError, TestModule } from 'vitest/node'
import { count, type Failure, ofSuite } from '../support/results.ts'

/** Prints a line when a version has finished a test file, and keeps all results. */
export class VersionsReporter implements Reporter {
  modules: readonly TestModule[] = []
  unhandled: readonly Failure[] = []

  onTestModuleEnd(module: TestModule): void {
    const result = ofSuite(module)
    const seconds = Math.round(module.diagnostic().duration / 1000)
    const mark = result.failures.length > 0 ? '✗' : '✓'
    console.log(`${mark} ${module.project.name}: ${module.relativeModuleId}, ${count(result)} (${seconds} s)`)
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    this.modules = modules
    this.unhandled = errors.map(({ message, stack }) => ({ title: 'Unhandled error', message: stack ?? message }))
  }
}
