import { Project, type RunnerProcess, type RunResult } from './project.ts'
import { withJsonReport } from './report.ts'
import { isJest, type Runner } from './runners.ts'

const fromVitest = /import \{([^}]*)\} from 'vitest'/g
// Names that Jest has not.
const inVitestOnly = ['inject', 'onTestFinished', 'onTestFailed']

// What a test of Vitest's finds in `vi`.
const vi = `
import { jest } from '@jest/globals'
const { setTimeout } = globalThis
async function poll(check, timeout) {
  for (const end = Date.now() + timeout; ; await new Promise(resolve => setTimeout(resolve, 20))) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > end) throw error
    }
  }
}
const truthy = check => async () => { if (!(await check())) throw new Error('it is not so') }
export const vi = {
  // Vitest has an option of the test for that.
  retryTimes: count => jest.retryTimes(count),
  useFakeTimers: () => jest.useFakeTimers(),
  useRealTimers: () => jest.useRealTimers(),
  waitFor: (check, timeout = 1000) => poll(check, timeout),
  waitUntil: (check, timeout = 1000) => poll(truthy(check), timeout),
}`

// Jest has no fixtures, and so the package exports no `test` for it.
const importsTest = /import \{[^}]*\btest\b[^}]*\} from 'tarantool-fixture\/vitest'/

const addressOfInject =
  '(({ TARANTOOL_HOST: host, TARANTOOL_PORT: port }) => ({ host, port: Number(port) }))(process.env)'

/** A test file that was written for Vitest, as an ES module for Jest. */
function translate(text: string): string {
  return text
    .replace(fromVitest, (_, list: string) => {
      const names = list.split(',').map(name => name.trim())
      const known = names.filter(name => name !== 'vi' && !inVitestOnly.includes(name))
      return `import { ${known.join(', ')} } from '@jest/globals'; import { vi } from '#vi'`
    })
    .replaceAll("inject('tarantool')", addressOfInject)
    .replaceAll("'tarantool-fixture/vitest", "'tarantool-fixture/jest")
    .replaceAll('test.fails(', 'test.failing(')
    .replaceAll(/(test(?:\.\w+)?)\(('[^']*'), \{ \w+: \d+ \},/g, '$1($2,')
    .replaceAll(/from '\.\/(\w+)\.ts'/g, "from './$1.js'")
}

/**
 * A project for Jest with the test files of one for Vitest: they run one after the other, by name. Vitest's config is left
 * out, and test files that use Vitest's fixtures; the setup is the file that has the fixture's.
 *
 * @param options more of Jest's config, as the text of properties
 */
export function asJest(files: Readonly<Record<string, string>>, options = ''): Record<string, string> {
  const setup = Object.keys(files).find(name => files[name]?.includes('tarantool-fixture/vitest/setup')) ?? ''
  const kept = Object.entries(files).filter(
    ([name, text]) => !['vitest.config.ts', 'by-name.ts'].includes(name) && !importsTest.test(text),
  )
  return {
    ...Object.fromEntries(kept.map(([name, text]) => [name.replace(/\.ts$/, '.js'), translate(text)])),
    'package.json': JSON.stringify({ private: true, type: 'module', imports: { '#vi': './vi.js' } }),
    'vi.js': vi,
    'by-name.cjs': `
      const { default: Sequencer } = require('@jest/test-sequencer')
      module.exports = class extends Sequencer {
        sort(tests) { return [...tests].sort((a, b) => (a.path < b.path ? -1 : 1)) }
      }`,
    'jest.config.js': `export default {
      globalSetup: './${setup.replace(/\.ts$/, '.js')}', globalTeardown: 'tarantool-fixture/jest/teardown',
      transform: {}, testSequencer: './by-name.cjs', maxWorkers: 1, ${options} }`,
  }
}

/** Without it Jest knows no ES modules. */
export const esModules: Readonly<Record<string, string>> = { NODE_OPTIONS: '--experimental-vm-modules --no-warnings' }

/** Arguments that make Jest write the report that support/report.ts reads. */
export const jestJsonReport: readonly string[] = ['--json', '--outputFile=report.json']

/** A project with test files that were written for Vitest, for any runner. */
export function projectUnder(runner: Runner, files: Readonly<Record<string, string>>): Project {
  return new Project(runner, isJest(runner) ? asJest(files) : files)
}

/** Starts the runner of such a project, in a process group of its own. */
export function spawnUnder(
  runner: Runner,
  project: Project,
  env: Readonly<Record<string, string>> = {},
): RunnerProcess {
  return isJest(runner)
    ? project.spawn([], { ownGroup: true, env: { ...esModules, ...env } })
    : project.spawn(['run'], { ownGroup: true, env })
}

/** How the runner of such a project is run. */
interface Run {
  readonly jestArgs?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the runner of such a project; it writes the report that support/report.ts reads. */
export async function runTests(
  runner: Runner,
  project: Project,
  { jestArgs = [], env = {} }: Run = {},
): Promise<RunResult> {
  return isJest(runner)
    ? await project.run([...jestJsonReport, ...jestArgs], { env: { ...esModules, ...env } })
    : await project.run(['run', ...withJsonReport], { env })
}

/** Runs test files that were written for Vitest under any runner, and writes that report. */
export async function runUnder(
  runner: Runner,
  files: Readonly<Record<string, string>>,
  run: Run = {},
): Promise<RunResult & { readonly project: Project }> {
  const project = projectUnder(runner, files)
  return { project, ...(await runTests(runner, project, run)) }
}
