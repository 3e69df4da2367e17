import { expect } from 'vitest'
import { binaryVersion } from '../../../../src/binary/binary-version.ts'
import { locateBinary } from '../../../../src/binary/locate.ts'
import { isAtLeast } from '../../../../src/version/version.ts'
import { fakeVersions } from '../../../support/fake-versions.ts'
import { filesOf } from '../../support/code-blocks.ts'
import { Project } from '../../support/project.ts'
import type { Runner } from '../../support/runners.ts'
import { jest, type PageChecks, passingInContainers, runAsScript, runProject, shared, vitest } from './projects.ts'
import { runCommands } from './writing.ts'

// Of the version that the project asks for.
const hasVersion = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool()
test('has the version', async () => {
  const [said] = await tarantool.eval("return os.getenv('SAID_VERSION')")
  expect(said.startsWith(process.env.TARANTOOL_FIXTURE_VERSION ?? '3')).toBe(true)
})`

const hasVersionOfJest = hasVersion
  .replaceAll(/import (\{.*\}) from '(.*)\/vitest'/g, "const $1 = require('$2/jest')")
  .replace(/import .* from 'vitest'/, '')

/** Runs a project on a machine with two versions of Tarantool. */
async function runVersions(runner: Runner, files: Record<string, string>, says: RegExp): Promise<void> {
  const project = new Project(runner, files)
  const env = fakeVersions(project.directory, ['2.11.8-0-g1234567', '3.8.0-0-g1234567'])
  expect((await project.run(undefined, { env })).output).toMatch(says)
}

export const versions: PageChecks = {
  'Tarantool versions': async blocks => {
    await runVersions(vitest, { ...shared, ...filesOf(blocks), 'a.test.ts': hasVersion }, /Tests +1 passed/)
  },
  'Search order': async blocks => {
    const old = '/opt/tarantool-1.10/bin/tarantool'
    const files = filesOf(blocks)
    const setup = files['test/tarantool.ts'] ?? ''
    expect(setup).toContain(old)
    const test = hasVersion.replace('useTarantool()', "useTarantool('old')").replace("?? '3'", "?? '2.11'")
    const project = new Project(vitest, { ...shared, 'a.test.ts': test })
    const env = fakeVersions(project.directory, ['3.8.0-0-g1234567', '2.11.8-0-g1234567'])
    const own = `${project.directory}/bin/2.11.8-0-g1234567/tarantool`
    project.write({ 'test/tarantool.ts': setup.replace(old, own) })
    expect((await project.run(undefined, { env })).output).toMatch(/Tests +1 passed/)
  },
  'Tests that need a version': async blocks => {
    const isNew = isAtLeast(await binaryVersion(await locateBinary()), 2, 11)
    const { output } = await runProject(vitest, { ...shared, ...filesOf(blocks) })
    expect(output).toMatch(isNew ? /Tests +1 passed/ : /Tests +1 skipped/)
  },
  'One suite against several versions': async ([forVitest, forJest]) => {
    if (!forVitest || !forJest) throw new Error('there are two blocks')
    const files = { ...shared, ...filesOf([forVitest]), 'a.test.ts': hasVersion }
    await runVersions(vitest, files, /tarantool 2\.11[\s\S]*Tests +2 passed/)
    const config = { 'tarantool.config.js': 'module.exports = {}', 'a.test.js': hasVersionOfJest }
    await runVersions(jest, { ...filesOf([forJest]), ...config }, /tarantool 2\.11[\s\S]*Tests: +2 passed/)
  },
  'The cache': runCommands,
}

export const docker: PageChecks = {
  Docker: passingInContainers(1, {
    'a.test.ts': `
      import { useTarantool } from 'tarantool-fixture/vitest'
      import { expect, test } from 'vitest'
      const tarantool = useTarantool()
      test('is in a container', async () => {
        expect(await tarantool.command('box.info.pid')).toEqual([1])
        expect(await tarantool.call('count_users')).toEqual([0])
      })`,
  }),
}

export const instances: PageChecks = {
  'Without a runner': async ([block]) => {
    expect(await runAsScript(block?.text ?? '')).toMatch(/^\[ '\d+\.\d+\.\d+/)
  },
  Blocking: async ([block]) => {
    expect(await runAsScript(block?.text ?? '')).toMatch(/^\[ '\d+\.\d+\.\d+/)
  },
  Replication: async ([block]) => {
    const printed = await runAsScript(`
      ${block?.text}
      for (const instance of [master, replica, ...mesh]) {
        console.log((await instance.eval('return box.info.status, #box.info.replication'))[0])
        await instance.stop()
      }`)
    expect(printed.split('\n')).toEqual(Array.from({ length: 5 }, () => 'running'))
  },
}
