import { relative } from 'node:path'
import type { Reporter, SerializedError, TestModule, TestSuite } from 'vitest/node'
import { count, type Failure, ofSuite } from '../../support/results.ts'
import { titleOfSuite } from './results.ts'

/** Prints a line when a cell is through with a test file, and keeps all results. */
export class MatrixReporter implements Reporter {
  modules: readonly TestModule[] = []
  unhandled: readonly Failure[] = []

  onTestSuiteResult(suite: TestSuite): void {
    if (suite.parent.type !== 'module') return
    const result = ofSuite(suite)
    const tests = [...suite.children.allTests()].map(test => test.diagnostic()?.duration ?? 0)
    const seconds = Math.round(tests.reduce((total, duration) => total + duration, 0) / 1000)
    const mark = result.failures.length > 0 ? '✗' : '✓'
    const file = relative('test/e2e', suite.module.relativeModuleId)
    console.log(`${mark} ${titleOfSuite(suite)} ${suite.project.name}: ${file}, ${count(result)} (${seconds} s)`)
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    this.modules = modules
    this.unhandled = errors.map(({ message, stack }) => ({ title: 'Unhandled error', message: stack ?? message }))
  }
}
