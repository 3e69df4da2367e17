// npm run test:versions: the tests against each Tarantool of TARANTOOL_BINS; --help says more.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { execa } from 'execa'
import type { TestProjectInlineConfiguration } from 'vitest/config'
import { startVitest, type TestModule } from 'vitest/node'
import { binaryVersion } from '../../src/binary/binary-version.ts'
import { installRunners } from '../e2e/support/install.ts'
import { allRunners, type Choice } from '../e2e/support/runners.ts'
import build from '../support/global-setup.ts'
import { repository } from '../support/npm.ts'
import { count, ofSuite, printFailures, sum, summaryOf } from '../support/results.ts'
import { parseArguments } from './arguments.ts'
import { groups as allGroups, filesOf, type Group, isIn, needsRunners, runners } from './groups.ts'
import { VersionsReporter } from './reporter.ts'
import { skipsOf } from './skips.ts'
import { type Row, tableOf, writeInto } from './table.ts'

const page = join(repository, 'docs', 'compatibility.md')
const { binaries, files, testNamePattern, withRunners, writes, summary } = await parseArguments(process.argv.slice(2))
const groups = allGroups.filter(group => withRunners || !needsRunners(group))

/** All tests against one Tarantool, as a project of Vitest's. */
function projectOf(path: string, name: string, groupOrder: number): TestProjectInlineConfiguration {
  const choice: Choice = { E2E_RUNNERS: runners.join() }
  return {
    extends: true,
    test: {
      name,
      include: groups.flatMap(filesOf),
      env: { ...choice, TARANTOOL_BIN: path, PATH: `${dirname(path)}:${process.env.PATH}` },
      // Versions run one after another, so that the output of one version is in one place.
      sequence: { groupOrder },
    },
  }
}

async function commitNow(): Promise<string> {
  const git = async (...args: string[]): Promise<string> => (await execa('git', args, { cwd: repository })).stdout
  const changed = await git('status', '--porcelain', '--', '.', ':!docs/compatibility.md')
  return `${await git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : '+'}`
}

process.chdir(repository)
const commit = await commitNow()
const versions = await Promise.all(
  binaries.map(async path => ({ path, name: (await binaryVersion({ path, env: {}, source: 'TARANTOOL_BIN' })).text })),
)
console.log(`Building. Then the tests run against ${versions.map(({ name }) => name).join(', ')}.`)
await build()
if (withRunners) await installRunners(allRunners.filter(({ name }) => runners.some(wanted => wanted === name)))

const reporter = new VersionsReporter()
const started = Date.now()
await startVitest('test', [...files], {
  watch: false,
  reporters: [reporter],
  projects: versions.map(({ path, name }, order) => projectOf(path, name, order)),
  ...(testNamePattern !== undefined && { testNamePattern }),
})

const modulesOf = (version: string, group: Group): TestModule[] =>
  reporter.modules.filter(({ project, relativeModuleId }) => project.name === version && isIn(group, relativeModuleId))
const rows = versions.map(
  ({ name }): Row => ({
    version: name,
    date: new Date().toISOString().slice(0, 10),
    commit,
    results: groups.map(group => count(sum(modulesOf(name, group).map(ofSuite)))),
  }),
)
for (const { name } of versions) {
  const modules = reporter.modules.filter(({ project }) => project.name === name)
  printFailures(name, sum(modules.map(ofSuite)).failures)
  const skips = skipsOf(modules)
  if (skips.length > 0) console.log(`\n${name}: skipped\n${skips.map(skip => `    ${skip}`).join('\n')}`)
}
printFailures('outside of the tests', reporter.unhandled)
const total = sum(reporter.modules.map(ofSuite))
const failed = total.failures.length + reporter.unhandled.length
const titles = groups.map(({ title }) => title)
console.log(`\n${tableOf(titles, rows)}\n\n${Math.round((Date.now() - started) / 1000)} s`)
console.log(`${total.passed} passed, ${failed} failed, ${total.skipped} skipped`)
if (summary !== undefined) writeFileSync(summary, JSON.stringify(summaryOf(total, reporter.unhandled)))
if (failed > 0) process.exitCode = 1
if (writes) writeFileSync(page, writeInto(readFileSync(page, 'utf8'), titles, rows))
