import type { TestCase, TestModule, TestSuite } from 'vitest/node'
import type { Cell } from './cells.ts'

/** What is wrong: a test, or a file or suite outside of its tests. */
export interface Failure {
  readonly title: string
  readonly message: string
}

/** What came of the tests of a cell, or of some of them. */
export interface Result {
  readonly passed: number
  readonly skipped: number
  readonly failures: readonly Failure[]
}

/** Whether there was no test at all. */
export function isEmpty({ passed, failures, skipped }: Result): boolean {
  return passed + failures.length + skipped === 0
}

/** The name of the Vitest project that runs a Node's cells. */
export const projectName = (node: string): string => `node-${node}`

/** The name of a cell, as it is asked for. */
export const cellName = ({ runner, node }: Cell): string => `${runner.name} ${projectName(node)}`

/** The title of a suite that was made by `describe.each(runners)('$name…')`: Vitest puts the name in quotes. */
export const titleOfSuite = ({ name }: TestSuite): string => name.replaceAll("'", '')

const isOf = ({ runner, node }: Cell, suite: TestSuite): boolean =>
  suite.project.name === projectName(node) && titleOfSuite(suite).split(',')[0] === runner.name

const sum = (results: readonly Result[]): Result => ({
  passed: results.reduce((total, { passed }) => total + passed, 0),
  skipped: results.reduce((total, { skipped }) => total + skipped, 0),
  failures: results.flatMap(({ failures }) => failures),
})

// A stack begins with the message. What it says of the runner that runs these tests tells nothing.
const textOf = (errors: readonly { message: string; stack?: string | undefined }[]): string =>
  errors
    .map(({ message, stack }) => (stack?.includes(message) ? stack : message))
    .join('\n')
    .replaceAll(/\n +at .*node_modules.*/g, '')

const titleIn = ({ project, relativeModuleId }: TestModule, name = ''): string =>
  [`${project.name} ${relativeModuleId}`, name].filter(Boolean).join(' > ')

// What a pattern leaves out is skipped, too, and is nobody's business.
function isLeftOut({ fullName, project }: TestCase): boolean {
  const pattern = project.config.testNamePattern
  return pattern !== undefined && !pattern.test(fullName.replaceAll(' > ', ' '))
}

function ofTest(test: TestCase): Result {
  if (isLeftOut(test)) return { passed: 0, skipped: 0, failures: [] }
  const { state, errors = [] } = test.result()
  const title = titleIn(test.module, test.fullName)
  const failures = state === 'failed' ? [{ title, message: textOf(errors) }] : []
  // One that never got its turn has not passed.
  if (state === 'pending') failures.push({ title, message: 'It was not run.' })
  return { passed: state === 'passed' ? 1 : 0, skipped: state === 'skipped' ? 1 : 0, failures }
}

function ofItself(suite: TestSuite | TestModule): Result {
  const title = suite.type === 'module' ? titleIn(suite) : titleIn(suite.module, suite.fullName)
  const failures = suite.errors().map(error => ({ title, message: textOf([error]) }))
  return { passed: 0, skipped: 0, failures }
}

/** What came of a suite. */
export function ofSuite(suite: TestSuite): Result {
  const suites = [suite, ...suite.children.allSuites()]
  return sum([...suites.map(ofItself), ...[...suite.children.allTests()].map(ofTest)])
}

/** What came of a cell. */
export function ofCell(modules: readonly TestModule[], cell: Cell): Result {
  const suites = modules.flatMap(module => [...module.children.suites()])
  return sum(suites.filter(suite => isOf(cell, suite)).map(ofSuite))
}

/** What came of what belongs to no cell: tests for which the runner does not matter, and files that cannot be imported. */
export function ofNoCell(modules: readonly TestModule[], cells: readonly Cell[]): Result {
  const own = modules.flatMap(module => [...module.children].filter(child => child.type === 'test').map(ofTest))
  const suites = modules.flatMap(module => [...module.children.suites()])
  const others = suites.filter(suite => !cells.some(cell => isOf(cell, suite)))
  return sum([...modules.map(ofItself), ...own, ...others.map(ofSuite)])
}
