import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { currentSystem } from '../../../src/binary/system.ts'
import { buildPackage } from '../../binary/release/packages.ts'
import { Vendor } from '../../binary/release/vendor.ts'
import { fakeVersions } from '../../support/fake-versions.ts'
import { Project, type RunResult } from '../support/project.ts'
import { newestVitest, type Runner, vitests } from '../support/runners.ts'

// The programs that say so are scripts that run the Tarantool of this machine: which program a project gets is what is
// tested here, and a second real Tarantool would show no more of that.
const said = ['2.11.8-0-g1234567', '3.8.0-0-g1234567']

const configWith = (test: string, more = ''): string => `
import { tarantoolVersions } from 'tarantool-fixture/vitest/setup'
${more}
export default { ${more && 'plugins: [tarantool({ appLua })],'} test: { ${test} } }`

const appLua = `"function said() return os.getenv('SAID_VERSION') end"`

const setup = `
import { defineTarantool } from 'tarantool-fixture/vitest/setup'
export default defineTarantool({ appLua: ${appLua} })`

const usesIts = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool()
test('has the server of its project', async () => {
  const [version] = await tarantool.call('said')
  console.log('PROJECT ' + process.env.TARANTOOL_FIXTURE_VERSION + ' RAN ' + version)
  expect(version.startsWith(process.env.TARANTOOL_FIXTURE_VERSION)).toBe(true)
})`

const pairs = (output: string): string[] => [...new Set(output.match(/PROJECT \S+ RAN \S+/g))].sort()
const both = ['PROJECT 2.11 RAN 2.11.8-0-g1234567', 'PROJECT 3 RAN 3.8.0-0-g1234567']

const ways: Record<string, Readonly<Record<string, string>>> = {
  'a setup file at the root': {
    'vitest.config.ts': configWith("globalSetup: './tarantool.ts', projects: tarantoolVersions(['2.11', '3'])"),
    'tarantool.ts': setup,
  },
  'a setup file of the projects': {
    'vitest.config.ts': configWith(
      "projects: tarantoolVersions(['2.11', '3'], { test: { globalSetup: './tarantool.ts' } })",
    ),
    'tarantool.ts': setup,
  },
  'the stock setup': {
    'vitest.config.ts': configWith(
      "globalSetup: 'tarantool-fixture/vitest/setup', projects: tarantoolVersions(['2.11', '3'])",
    ),
    'tarantool.config.mjs': `export default { appLua: ${appLua} }`,
  },
  'the plugin': {
    'vitest.config.ts': configWith(
      "projects: tarantoolVersions(['2.11', '3'])",
      `import { tarantool } from 'tarantool-fixture/vitest/plugin'; const appLua = ${appLua}`,
    ),
  },
}

const atRoot = (list = "['2.11', '3']"): string =>
  configWith(`globalSetup: './tarantool.ts', projects: tarantoolVersions(${list})`)

type Run = (files: Readonly<Record<string, string>>, args?: readonly string[]) => Promise<RunResult>

const runUnder =
  (runner: Runner): Run =>
  async (files, args = []) => {
    const project = new Project(runner, files)
    const result = await project.run(['run', ...args], { env: fakeVersions(project.directory, said) })
    expect(project.leftBehind()).toEqual([])
    return result
  }

describe.each(vitests)('one suite against several versions under $name', runner => {
  const run = runUnder(runner)

  test.each(Object.entries(ways))('with %s', async (_way, files) => {
    const { exitCode, output } = await run({ ...files, 'one.test.ts': usesIts, 'two.test.ts': usesIts })
    expect(output).toMatch(/Tests +4 passed/)
    expect(pairs(output)).toEqual(both)
    expect(exitCode).toBe(0)
  })

  test('one of the projects can be chosen, and a server that a test starts itself is of its version', async () => {
    const ownInstance = `
      import { TarantoolInstance } from 'tarantool-fixture'
      import { expect, test } from 'vitest'
      test('starts one', async () => {
        const instance = await new TarantoolInstance().start()
        expect(await instance.eval("return os.getenv('SAID_VERSION')")).toEqual(['3.8.0-0-g1234567'])
        await instance.stop()
      })`
    const files = {
      'vitest.config.ts': atRoot(),
      'tarantool.ts': setup,
      'one.test.ts': usesIts,
      'two.test.ts': ownInstance,
    }
    const { output } = await run(files, ['--project', 'tarantool 3'])
    expect(output).toMatch(/Tests +2 passed/)
    expect(pairs(output)).toEqual([both[1]])
  })

  test('a failure tells the version, by the name of the project and that of the server', async () => {
    const { exitCode, output } = await run({
      'vitest.config.ts': atRoot(),
      'tarantool.ts': `
        import { defineTarantool } from 'tarantool-fixture/vitest/setup'
        export default defineTarantool({
          appLua: \`function log_it() require('log').info('a line') end
            if os.getenv('SAID_VERSION'):match('^2') then error('too old') end\`,
        })`,
      'one.test.ts': `
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { expect, test } from 'vitest'
        const tarantool = useTarantool()
        test('fails', async () => { await tarantool.call('log_it'); expect(1).toBe(2) })`,
    })
    expect(exitCode).toBe(1)
    expect(output).toMatch(/tarantool 2\.11\W+one\.test\.ts/)
    expect(output).toMatch(/too old \(Tarantool 2\.11\[127\.0\.0\.1:\d+\] did not start\)/)
    expect(output).toMatch(/Tarantool 3\[127\.0\.0\.1:\d+\] logged during this test/)
  })

  test('a version that is not there fails its project only', async () => {
    const { exitCode, output } = await run({
      'vitest.config.ts': atRoot("['2.10', '3']"),
      'tarantool.ts': setup,
      'one.test.ts': usesIts,
    })
    expect(exitCode).toBe(1)
    expect(output).toContain('No Tarantool 2.10 was found')
    expect(pairs(output)).toEqual([both[1]])
  })

  test('the versions share the workers: no more servers are started ahead than for one version', async () => {
    const waits = `
      import { readFileSync } from 'node:fs'
      import { test, vi } from 'vitest'
      const started = () => readFileSync('started', 'utf8').trim().split('\\n')
      test('waits for the servers', async () => {
        await vi.waitUntil(() => started().length >= 4, 20_000)
      }, 20_000)`
    const project = new Project(runner, {
      'vitest.config.ts': atRoot().replace('test: {', 'test: { maxWorkers: 4,'),
      'tarantool.ts': `
        import { defineTarantool } from 'tarantool-fixture/vitest/setup'
        export default defineTarantool({
          appLua: \`local file = io.open('\${process.cwd()}/started', 'a')
            file:write(os.getenv('SAID_VERSION'), '\\\\n') file:close()\`,
        })`,
      ...Object.fromEntries(['a', 'b', 'c', 'd'].map(name => [`${name}.test.ts`, waits])),
    })
    // All files count when the servers are started, and only one or two of them run.
    const { output } = await project.run(['run', '--shard=1/8'], { env: fakeVersions(project.directory, said) })
    expect(output).toMatch(/Tests +[12] passed/)
    expect(project.read('started').trim().split('\n').sort()).toEqual([said[0], said[0], said[1], said[1]])
  })

  test('a version that is not there is downloaded before the first file is loaded', async () => {
    const vendor = await Vendor.start()
    const { architecture } = currentSystem()
    const script = `
case "$*" in *--version) echo 'Tarantool 3.77.0-0-g1234567'; exit;; esac
SAID_VERSION=3.77 exec ${process.env.TARANTOOL_BIN} "$@"`
    vendor.add('series-3/linux-deb', [buildPackage({ version: '3.77.0-1', architecture, script })])
    const project = new Project(runner, {
      'vitest.config.ts': atRoot("['3.77']"),
      'tarantool.ts': setup,
      'one.test.ts': `console.log('LOADED')\n${usesIts}`,
    })
    const { output } = await project.run(['run'], {
      env: {
        TARANTOOL_BIN: '',
        TARANTOOL_FIXTURE_CACHE: `${project.directory}/cache`,
        TARANTOOL_FIXTURE_MIRROR: vendor.url,
      },
    })
    expect(pairs(output)).toEqual(['PROJECT 3.77 RAN 3.77'])
    expect(output).toMatch(/Tarantool 3\.77\.0[\s\S]*Tarantool 3\.77\.0\S* from the cache: [\s\S]*LOADED/)
    expect(vendor.asked('.deb')).toHaveLength(1)
  })
})

// What a config may ask for, and what a run says, is decided by code that all versions of Vitest share.
describe.each(newestVitest)('several versions under $name', runner => {
  const run = runUnder(runner)

  test.each([
    ['port', 'a setup file at the root'],
    ['consolePort', 'a setup file at the root'],
    ['port', 'a setup file of the projects'],
    ['port', 'the plugin'],
  ])('a fixed %s in %s is refused, because each version has servers', async (option, way) => {
    const fixed = (text: string): string => text.replace('{ appLua', `{ ${option}: 3301, maxServers: 1, appLua`)
    const files = Object.entries(ways[way] ?? {}).map(([name, text]) => [name, fixed(text)])
    const { exitCode, output } = await run({ ...Object.fromEntries(files), 'one.test.ts': usesIts })
    expect(exitCode).not.toBe(0)
    expect(output).toMatch(
      new RegExp(
        `server 'default' has a fixed '${option}', and tarantoolVersions starts a server of each version \\(2\\.11, 3\\)`,
      ),
    )
    expect(output).not.toContain('address in use')
  })

  test('a fixed port serves a run of one of the projects', async () => {
    const files = {
      'vitest.config.ts': atRoot(),
      'tarantool.ts': setup.replace('{ appLua', "{ host: 'unix/', port: './tnt.sock', maxServers: 1, appLua"),
      'one.test.ts': usesIts,
    }
    const { output } = await run(files, ['--project', 'tarantool 3'])
    expect(pairs(output)).toEqual([both[1]])
  })

  test('a config that names another version is refused', async () => {
    const { exitCode, output } = await run({
      'vitest.config.ts': atRoot(),
      'tarantool.ts': setup.replace('{ appLua', "{ version: '3', appLua"),
      'one.test.ts': usesIts,
    })
    expect(exitCode).not.toBe(0)
    expect(output).toMatch(/this run is for Tarantool 2\.11, but its config asks for version '3'/)
  })

  test('several servers have versions of their own, and a test file may bring another', async () => {
    const files = {
      'vitest.config.ts': "export default { test: { globalSetup: './tarantool.ts' } }",
      'tarantool.ts': setup.replace(
        '{ appLua',
        "{ version: '3', servers: { default: {}, old: { version: '2.11' } }, appLua",
      ),
      'one.test.ts': `
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { expect, test } from 'vitest'
        const own = useTarantool({ config: { version: '2.11' } })
        test.for([[useTarantool(), '3.8.0'], [useTarantool('old'), '2.11.8'], [own, '2.11.8']])('%#', async ([server, version]) => {
          const [said] = await server.call('said')
          expect(said).toBe(version + '-0-g1234567')
        })`,
      'two.test.ts': `
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { test } from 'vitest'
        useTarantool({ config: { version: '2.x' } })
        test('has none', () => {})`,
    }
    const { output } = await run(files)
    expect(output).toMatch(/3 passed/)
    expect(output).toMatch(/useTarantool: option version is "2\.x", which is not a version of Tarantool/)
  })

  test('the run says once which one it uses, unless it is quiet or the one on PATH', async () => {
    const files = (config: string): Record<string, string> => ({
      'vitest.config.ts': "export default { test: { globalSetup: './tarantool.ts' } }",
      'tarantool.ts': setup.replace('{ appLua', `{ ${config} appLua`),
      'one.test.ts': "import { test } from 'vitest'; test('runs', () => {})",
      'two.test.ts': "import { test } from 'vitest'; test('runs', () => {})",
    })
    const said = async (config: string, place: string): Promise<string[]> => {
      const project = new Project(runner, files(config))
      const env = { ...fakeVersions(project.directory, ['3.8.0-0-g1234567']) }
      const bin = `${project.directory}/bin/3.8.0-0-g1234567`
      const own = place === 'PATH' ? env : { ...env, PATH: process.env.PATH ?? '', TARANTOOL_BIN: `${bin}/tarantool` }
      const { exitCode, output } = await project.run(['run'], { env: own })
      expect(exitCode, output).toBe(0)
      return output.split('\n').filter(line => line.includes('tarantool-fixture: Tarantool'))
    }
    expect(await said('', 'TARANTOOL_BIN')).toEqual([
      expect.stringMatching(/^tarantool-fixture: Tarantool 3\.8\.0-0-g1234567 from TARANTOOL_BIN: \S+\/tarantool$/),
    ])
    expect(await said('servers: { default: {}, other: {} },', 'TARANTOOL_BIN')).toHaveLength(1)
    expect(await said('quiet: true,', 'TARANTOOL_BIN')).toEqual([])
    expect(await said('', 'PATH')).toEqual([])
  })

  test('of two versions, the one that is not from PATH is said, once', async () => {
    const files = {
      'vitest.config.ts': atRoot(),
      'tarantool.ts': setup,
      'one.test.ts': usesIts,
      'two.test.ts': usesIts,
    }
    const project = new Project(runner, files)
    const env = fakeVersions(project.directory, said)
    const named = { ...env, TARANTOOL_BIN: `${project.directory}/bin/${said[1]}/tarantool` }
    const { output } = await project.run(['run'], { env: named })
    expect(pairs(output)).toEqual(both)
    expect(output.match(/^tarantool-fixture: .*$/gm)).toEqual([
      `tarantool-fixture: Tarantool 3.8.0-0-g1234567 from TARANTOOL_BIN: ${project.directory}/bin/${said[1]}/tarantool`,
    ])
  })
})
