// npm run test:matrix: the end-to-end tests under each runner on each Node; --help says more.
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import type { TestProjectInlineConfiguration } from 'vitest/config'
import { startVitest } from 'vitest/node'
import { askVersion } from '../../../src/binary/ask-version.ts'
import build from '../../support/global-setup.ts'
import { repository } from '../../support/npm.ts'
import { isEmpty, ofSuite, printFailures, sum, summaryOf } from '../../support/results.ts'
import { installManagers } from '../package-managers/managers.ts'
import { installNode, installRunners } from '../support/install.ts'
import { type Choice, isJest, type Runner } from '../support/runners.ts'
import { parseArguments } from './arguments.ts'
import { type Cell, cellsOf } from './cells.ts'
import { MatrixReporter } from './reporter.ts'
import { cellName, ofCell, ofNoCell, projectName } from './results.ts'
import { tableOf } from './table.ts'

/** The cells of one Node, as a project of Vitest's. */
function projectOf(node: string, runners: readonly Runner[]): TestProjectInlineConfiguration {
  // A file in which no runner is left has no tests, which is an error.
  const ofOthers = ['test/e2e/vitest/**', 'test/e2e/jest/**'].filter(
    directory => !runners.some(runner => directory.includes(isJest(runner) ? '/jest/' : '/vitest/')),
  )
  // The documentation and the types have runners of their own.
  const exclude = ['test/e2e/docs/**', 'test/e2e/types/**', ...ofOthers]
  const env: Choice = { E2E_RUNNERS: runners.map(({ name }) => name).join(), E2E_NODE: node }
  return {
    extends: true,
    test: { name: projectName(node), include: ['test/e2e/**/*.test.ts'], exclude, env: { ...env } },
  }
}

const { runners, nodes, files, testNamePattern, mayBeEmpty, summary } = parseArguments(process.argv.slice(2))
process.chdir(repository)
console.log('Building, and installing what is not there yet')
await build()
await Promise.all([
  ...nodes.map(installNode),
  installRunners(runners.map(({ name, packages }) => ({ name, packages }))),
  installManagers(),
])

const cells = cellsOf(runners, nodes)
const runnersOn = (node: string): Runner[] =>
  cells.filter(cell => cell.node === node && cell.refusal === undefined).map(({ runner }) => runner)
const reporter = new MatrixReporter()
const started = Date.now()
const projects = nodes
  .filter(node => runnersOn(node).length > 0)
  .map((node): TestProjectInlineConfiguration => projectOf(node, runnersOn(node)))
if (projects.length > 0) {
  await startVitest('test', [...files], {
    watch: false,
    reporters: [reporter],
    projects,
    ...(testNamePattern !== undefined && { testNamePattern }),
  })
}

const resultOf = (cell: Cell): ReturnType<typeof ofCell> => ofCell(reporter.modules, cell)
for (const cell of cells) printFailures(cellName(cell), resultOf(cell).failures)
const empty = cells.filter(cell => cell.refusal === undefined && isEmpty(resultOf(cell)))
if (!mayBeEmpty && empty.length > 0) {
  console.log(`\nWithout a test: ${empty.map(cellName).join(', ')}`)
  process.exitCode = 1
}
printFailures('in no cell', [...ofNoCell(reporter.modules, cells).failures, ...reporter.unhandled])

const { output } = await askVersion({ path: process.env.TARANTOOL_BIN ?? 'tarantool', env: {} }, [])
console.log(`\n${tableOf(cells, resultOf)}`)
console.log(
  `${output.split('\n')[0]}, ${process.platform} ${process.arch}; ${Math.round((Date.now() - started) / 1000)} s`,
)
if (summary !== undefined) {
  writeFileSync(summary, JSON.stringify(summaryOf(sum(reporter.modules.map(ofSuite)), reporter.unhandled)))
}
