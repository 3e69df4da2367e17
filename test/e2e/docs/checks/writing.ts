import { join } from 'node:path'
import { execa } from 'execa'
import { expect } from 'vitest'
import { temporaryDirectory } from '../../../support/instances.ts'
import { repository } from '../../../support/npm.ts'
import { hasProgram } from '../../../support/processes.ts'
import { type CodeBlock, filesOf } from '../../support/code-blocks.ts'
import { Project } from '../../support/project.ts'
import { Terminal } from '../../support/terminal.ts'
import { blocksUnder, expectsOf, type PageChecks, passes, passingWith, runProject, shared, vitest } from './projects.ts'
import { commandsOf, shownText } from './text.ts'

const readahead = expectsOf('box.cfg.readahead', [32640])

export const configuration: PageChecks = {
  Configuration: passingWith(1, { 'test/a.test.ts': readahead }),
  'Several servers': passingWith(1, { 'queue.lua': '' }),
  'A server for one file': passingWith(1, { 'other.lua': "function greet(name) return 'hello ' .. name end" }),
}

export const application: PageChecks = {
  'Your application': passingWith(1),
  'An application that calls box.cfg': passingWith(1),
  'Ports of the application': passingWith(1),
}

export const report: PageChecks = {
  'A page about the run': passingWith(1, { 'test/a.test.ts': expectsOf('box.cfg.listen ~= nil', [true]) }),
}

export const isolation: PageChecks = { Isolation: passingWith(4) }

// A file of rows has no comments: the line with its name is not in it.
const seedFiles = (blocks: readonly CodeBlock[]): Record<string, string> => {
  const files = filesOf(blocks)
  const orders = (files['test/orders.ndjson'] ?? '').replace(/^--.*\n/, '')
  return { ...shared, ...files, 'test/orders.ndjson': orders }
}

/** Runs the commands of `npx tarantool-fixture` of a page, on a cache of their own. */
export async function runCommands(blocks: readonly CodeBlock[]): Promise<void> {
  const commands = commandsOf(blocks).filter(command => !command.includes(' install'))
  expect(commands).not.toEqual([])
  for (const command of commands) {
    const [, rest = ''] = command.split('npx tarantool-fixture ')
    const env = { TARANTOOL_FIXTURE_CACHE: temporaryDirectory() }
    const { exitCode } = await execa('node', [join(repository, 'dist/cli/index.js'), ...rest.split(' ')], { env })
    expect(exitCode).toBe(0)
  }
}

export const seeds: PageChecks = {
  Seeds: async blocks => {
    const counts = expectsOf('box.space.users:count(), box.space.orders:count()', [3, 2])
    await passes(vitest, { ...seedFiles(blocks), 'test/a.test.ts': counts }, 1)
  },
  'A bad row': async ([block]) => {
    if (!block) throw new Error('there is a block')
    const { output } = await runProject(vitest, {
      ...seedFiles(blocksUnder('docs/seeds.md', 'Seeds')),
      'test/orders.ndjson': '{ "id": 1, "total": 10 }\n[2, 20]\n{ "id": 3, "totl": 30 }',
      'test/a.test.ts': expectsOf('1', [1]),
    })
    expect(output).toMatch(shownText(block))
  },
  'The templates in the cache': runCommands,
}

export const changes: PageChecks = { Changes: passingWith(2) }

export const coverage: PageChecks = {
  Coverage: async blocks => {
    const text = blocks.find(({ language }) => language === 'text')
    if (!text) throw new Error('there is no text')
    const { output, exitCode } = await runProject(vitest, { ...shared, ...filesOf(blocks) })
    expect(output).toMatch(shownText(text))
    expect(exitCode, output).toBe(0)
  },
}

export const handle: PageChecks = { 'The handle': passingWith(3), Values: passingWith(1) }

// Its one test fails as the page shows it.
async function fails(blocks: readonly CodeBlock[]): Promise<void> {
  const text = blocks.find(({ language }) => language === 'text')
  if (!text) throw new Error('there is no text')
  const { output } = await runProject(vitest, { ...shared, ...filesOf(blocks) })
  expect(output).toMatch(shownText(text))
  expect(output).toMatch(/Tests +1 failed/)
}

export const failures: PageChecks = {
  Failures: fails,
  'Changes of the test': fails,
  'A server that dies': fails,
  strict: fails,
  live: async ([block, steps]) => {
    if (!block || !steps) throw new Error('there is a block')
    const tests = filesOf(blocksUnder('docs/failures.md', 'Failures'))
    const setup = (tests['test/tarantool.ts'] ?? shared['test/tarantool.ts'] ?? '').replace(
      'defineTarantool({ ',
      "defineTarantool({ log: 'live', ",
    )
    const { output } = await runProject(vitest, { ...shared, ...tests, 'test/tarantool.ts': setup })
    expect(output).toMatch(shownText(block))
    const traced = await new Project(vitest, { ...shared, ...tests }).run(['run'], {
      env: { NODE_DEBUG: 'tarantool-fixture' },
    })
    const withoutNumbers = (text: string): string => text.replaceAll(/\d+/g, '0')
    for (const line of withoutNumbers(steps.text).trim().split('\n')) {
      expect(withoutNumbers(traced.output)).toContain(line)
    }
  },
  keep: async blocks => {
    const tests = filesOf(blocksUnder('docs/failures.md', 'Failures'))
    const project = new Project(vitest, { ...shared, ...tests, ...filesOf(blocks) })
    const { output } = await project.run()
    expect(output).toMatch(/\(full log: \S+\/tarantool\.log\)/)
    expect(project.leftBehind()).toHaveLength(1)
  },
  hold: async ([, block]) => {
    if (!block) throw new Error('there is a block')
    if (!hasProgram('script')) return
    const text = block.text.replace('3.8.0', '…').replace(/console \d+/, 'console …')
    const { 'test/users.test.ts': failing = '' } = filesOf(blocksUnder('docs/failures.md', 'Failures'))
    const project = new Project(vitest, { ...shared, 'test/users.test.ts': failing })
    const terminal = new Terminal(vitest, project, undefined, { TARANTOOL_FIXTURE_HOLD: '1' })
    await terminal.shows('Press Enter or Ctrl-C')
    expect(terminal.output).toMatch(shownText({ ...block, text }))
    terminal.press('\r')
    await terminal.run
  },
}
