import { Project, type RunnerProcess, type RunOptions, type RunResult } from './project.ts'
import { withJsonReport } from './report.ts'
import { isJest, type Runner } from './runners.ts'

const fromVitest = /import \{([^}]*)\} from 'vitest'/g
const inJestOnly = ['inject', 'onTestFinished', 'onTestFailed']

/** A test file that was written for Vitest, as an ES module for Jest. */
function translate(text: string): string {
  return text
    .replace(fromVitest, (_, list: string) => {
      const names = list.split(',').map(name => name.trim())
      const known = names.filter(name => name !== 'vi' && !inJestOnly.includes(name))
      return `import { ${known.join(', ')}, jest as vi } from '@jest/globals'`
    })
    .replaceAll("'tarantool-fixture/vitest", "'tarantool-fixture/jest")
    .replaceAll('test.fails(', 'test.failing(')
    .replaceAll(/(test(?:\.\w+)?)\(('[^']*'), \{ \w+: \d+ \},/g, '$1($2,')
    .replaceAll(/from '\.\/(\w+)\.ts'/g, "from './$1.js'")
}

/**
 * A project for Jest with the test files of one for Vitest: they run one after the other, by name. Vitest's config is left
 * out; the setup is the file that has the fixture's.
 *
 * @param options more of Jest's config, as the text of properties
 */
export function asJest(files: Readonly<Record<string, string>>, options = ''): Record<string, string> {
  const setup = Object.keys(files).find(name => files[name]?.includes('tarantool-fixture/vitest/setup')) ?? ''
  const kept = Object.entries(files).filter(([name]) => !['vitest.config.ts', 'by-name.ts'].includes(name))
  return {
    ...Object.fromEntries(kept.map(([name, text]) => [name.replace(/\.ts$/, '.js'), translate(text)])),
    'package.json': '{ "private": true, "type": "module" }',
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

/** Runs test files that were written for Vitest under any runner, and writes the report that support/report.ts reads. */
export async function runUnder(
  runner: Runner,
  files: Readonly<Record<string, string>>,
  { jestArgs = [], env = {} }: { readonly jestArgs?: readonly string[]; readonly env?: RunOptions['env'] } = {},
): Promise<RunResult & { readonly project: Project }> {
  const project = projectUnder(runner, files)
  const result = isJest(runner)
    ? await project.run([...jestJsonReport, ...jestArgs], { env: { ...esModules, ...env } })
    : await project.run(['run', ...withJsonReport], { env })
  return { project, ...result }
}
