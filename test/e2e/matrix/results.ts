import type { TestModule, TestSuite } from 'vitest/node'
import { ofItself, ofSuite, ofTest, type Result, sum } from '../../support/results.ts'
import type { Cell } from './cells.ts'

/** The name of the Vitest project that runs a Node's cells. */
export const projectName = (node: string): string => `node-${node}`

/** The name of a cell, as it is asked for. */
export const cellName = ({ runner, node }: Cell): string => `${runner.name} ${projectName(node)}`

/** The title of a suite that was made by `describe.each(runners)('$name…')`: Vitest puts the name in quotes. */
export const titleOfSuite = ({ name }: TestSuite): string => name.replaceAll("'", '')

const isOf = ({ runner, node }: Cell, suite: TestSuite): boolean =>
  suite.project.name === projectName(node) && titleOfSuite(suite).split(',')[0] === runner.name

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
