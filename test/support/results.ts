import type { TestCase, TestModule, TestSuite } from 'vitest/node'

/** A failure of a test, or of a file or suite outside its tests. */
export interface Failure {
  readonly title: string
  readonly message: string
}

/** Result of the tests of a cell, or of some of them. */
export interface Result {
  readonly passed: number
  readonly skipped: number
  readonly failures: readonly Failure[]
}

/** Whether no test exists in the result. */
export function isEmpty({ passed, failures, skipped }: Result): boolean {
  return passed + failures.length + skipped === 0
}

/** The numbers of a run and the names of its failed tests, for `--summary`. */
export interface Summary {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly failures: readonly Failure[]
}

/** What `--summary` writes. `others` are failures outside of the tests. */
export function summaryOf({ passed, skipped, failures: ofTests }: Result, others: readonly Failure[]): Summary {
  const failures = [...ofTests, ...others]
  return { passed, failed: failures.length, skipped, failures }
}

/** Adds up several results. */
export const sum = (results: readonly Result[]): Result => ({
  passed: results.reduce((total, { passed }) => total + passed, 0),
  skipped: results.reduce((total, { skipped }) => total + skipped, 0),
  failures: results.flatMap(({ failures }) => failures),
})

interface Thrown {
  readonly message: string
  readonly stack?: string | undefined
  readonly cause?: unknown
}

const isThrown = (cause: unknown): cause is Thrown =>
  typeof cause === 'object' && cause !== null && 'message' in cause && typeof cause.message === 'string'

// A stack begins with the message. The cause of a failed property is what differed.
function withCauses({ message, stack, cause }: Thrown): string {
  const text = stack?.includes(message) ? stack : message
  return isThrown(cause) ? `${text}\nCause: ${withCauses(cause)}` : text
}

// Frames of the runner that runs these tests do not help.
const textOf = (errors: readonly Thrown[]): string =>
  errors
    .map(withCauses)
    .join('\n')
    .replaceAll(/\n +at .*node_modules.*/g, '')

const titleIn = ({ project, relativeModuleId }: TestModule, name = ''): string =>
  [`${project.name} ${relativeModuleId}`, name].filter(Boolean).join(' > ')

// Tests that a pattern excludes count as skipped, too, but nobody needs to read them.
function isLeftOut({ fullName, project }: TestCase): boolean {
  const pattern = project.config.testNamePattern
  return pattern !== undefined && !pattern.test(fullName.replaceAll(' > ', ' '))
}

/** Result of one test. */
export function ofTest(test: TestCase): Result {
  if (isLeftOut(test)) return { passed: 0, skipped: 0, failures: [] }
  const { state, errors = [] } = test.result()
  const title = titleIn(test.module, test.fullName)
  const failures = state === 'failed' ? [{ title, message: textOf(errors) }] : []
  // A pending test never ran, so it has not passed.
  if (state === 'pending') failures.push({ title, message: 'It was not run.' })
  return { passed: state === 'passed' ? 1 : 0, skipped: state === 'skipped' ? 1 : 0, failures }
}

/** Failures of a suite or file outside its tests. */
export function ofItself(suite: TestSuite | TestModule): Result {
  const title = suite.type === 'module' ? titleIn(suite) : titleIn(suite.module, suite.fullName)
  const failures = suite.errors().map(error => ({ title, message: textOf([error]) }))
  return { passed: 0, skipped: 0, failures }
}

/** Result of a suite or file. */
export function ofSuite(suite: TestSuite | TestModule): Result {
  const suites = [suite, ...suite.children.allSuites()]
  return sum([...suites.map(ofItself), ...[...suite.children.allTests()].map(ofTest)])
}

/** `43 passed, 1 failed`. */
export function count({ passed, failures, skipped }: Result): string {
  const parts = [`${passed} passed`]
  if (failures.length > 0) parts.push(`**${failures.length} failed**`)
  if (skipped > 0) parts.push(`${skipped} skipped`)
  return parts.join(', ')
}

/** Prints failures below a title; prints nothing if there are none. */
export function printFailures(title: string, failures: readonly Failure[]): void {
  if (failures.length === 0) return
  console.log(`\n${title}: ${failures.length} failed`)
  for (const failure of failures) console.log(`\n✗ ${failure.title}\n${failure.message.replaceAll(/^/gm, '    ')}`)
}
