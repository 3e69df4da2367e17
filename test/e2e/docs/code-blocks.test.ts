import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, type TestContext, test } from 'vitest'
import { binaryVersion } from '../../../src/binary/binary-version.ts'
import { locateBinary } from '../../../src/binary/locate.ts'
import { currentSystem } from '../../../src/binary/system.ts'
import { isAtLeast } from '../../../src/version/version.ts'
import { linkPrograms } from '../../binary/release/fetching.ts'
import { buildPackage } from '../../binary/release/packages.ts'
import { Vendor } from '../../binary/release/vendor.ts'
import { docker, needsEngine, noEngine } from '../../support/engine.ts'
import { fakeVersions } from '../../support/fake-versions.ts'
import { temporaryDirectory } from '../../support/instances.ts'
import { repository } from '../../support/npm.ts'
import { type CodeBlock, codeBlocksOf, filesOf } from '../support/code-blocks.ts'
import { Project } from '../support/project.ts'
import { jests, type Runner, vitests } from '../support/runners.ts'

const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  name: string
  scripts: Record<string, string>
}
const vitest = vitests.find(({ name }) => name === 'vitest-4.1')
const jest = jests.find(({ name }) => name === 'jest-30')

/** A project of the blocks that are files, with what else they need. */
function projectOf(
  runner: Runner | undefined,
  blocks: readonly CodeBlock[],
  more: Record<string, string> = {},
): Project {
  if (!runner) throw new Error('no such runner')
  return new Project(runner, { ...filesOf(blocks), ...more })
}

const blocksUnder = (page: string, heading: string): CodeBlock[] => codeBlocksOf(page).get(heading) ?? []

const appLua = filesOf(blocksUnder('README.md', 'A first test'))

/** Runs a block as a script of a project's. Returns what it prints. */
async function runAsScript(text: string): Promise<string> {
  const project = projectOf(vitest, [], { ...appLua, 'script.mjs': text })
  const { stdout } = await execa('node', ['script.mjs'], { cwd: project.directory })
  await expect.poll(() => project.servers(), { timeout: 5000 }).toEqual([])
  return stdout
}

/** The lines of a shell block, without what stands behind them. */
function commandsOf(blocks: readonly CodeBlock[]): string[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.trim().split('\n'))
    .map(line => line.replace(/ +#.*$/, ''))
}

async function vendorOf(version: string): Promise<Vendor> {
  const vendor = await Vendor.start()
  const { architecture } = currentSystem()
  vendor.add('series-3/linux-deb', [buildPackage({ version: `${version}-1`, architecture })])
  return vendor
}

interface RecipeOptions {
  home: string
  vendor: Vendor
  version: string
  checkout?: string
}

/** Runs the lines of a recipe for CI, but for what installs and runs the project. */
async function runRecipe(
  lines: Iterable<RegExpMatchArray>,
  { home, vendor, version, checkout = temporaryDirectory() }: RecipeOptions,
): Promise<void> {
  const command = `node ${join(repository, 'dist/cli/index.js')}`
  const own = [...lines].map(([, line = '']) => line).filter(line => !/^npm ci$|^npx vitest run$/.test(line))
  expect(own.join()).toContain('npx tarantool-fixture install')
  const script = own.map(line => line.replace('npx tarantool-fixture', command)).join(' && ')
  // Without the Tarantool of this machine.
  const bin = join(home, 'bin')
  linkPrograms(bin, ['cp', 'mkdir', 'node', 'rm', 'sh', 'tar'])
  const env = {
    ...{ PATH: bin, HOME: home, TARANTOOL_FIXTURE_CACHE: '', TARANTOOL_FIXTURE_VERSION: version, XDG_CACHE_HOME: '' },
    ...{ TARANTOOL_FIXTURE_MIRROR: vendor.url, TARANTOOL_BIN: '', no_proxy: '*' },
  }
  const { stdout } = await execa('sh', ['-c', script], { cwd: checkout, env })
  expect(stdout).toBe(
    join(home, `.cache/tarantool-fixture/releases/${version}-linux-${currentSystem().architecture}/usr/bin/tarantool`),
  )
}

const setUpWithBlock = ({ text }: CodeBlock): Record<string, string> => ({
  'vitest.config.ts': "export default { test: { globalSetup: './tarantool.ts' } }",
  'tarantool.ts': `import { defineTarantool } from 'tarantool-fixture/vitest/setup'\n${text}`,
})

const seeded = (app: CodeBlock, orders: string): Record<string, string> => ({
  ...filesOf([app]),
  'test/seed.lua': "box.space.users:insert({ 7, 'of Lua' })",
  'test/orders.ndjson': orders,
  'a.test.ts': `
    import { useTarantool } from 'tarantool-fixture/vitest'
    import { expect, test } from 'vitest'
    const tarantool = useTarantool()
    test('has its rows', async () => {
      expect(await tarantool.eval('return box.space.users:count(), box.space.orders:count()')).toEqual([3, 2])
    })`,
})

// Of the version that the project asks for.
const hasVersion = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool()
test('has the version', async () => {
  const [said] = await tarantool.eval("return os.getenv('SAID_VERSION')")
  expect(said.startsWith(process.env.TARANTOOL_FIXTURE_VERSION ?? '3')).toBe(true)
})`

/** Runs a project on a machine with two versions of Tarantool. */
async function runVersions(runner: Runner | undefined, files: Record<string, string>, says: RegExp): Promise<void> {
  const project = projectOf(runner, [], files)
  const env = fakeVersions(project.directory, ['2.11.8-0-g1234567', '3.8.0-0-g1234567'])
  expect((await project.run(undefined, { env })).output).toMatch(says)
}

type Check = (blocks: CodeBlock[], context: TestContext) => Promise<void>

const checks: Record<string, Record<string, Check>> = {
  'README.md': {
    'A first test': async blocks => {
      expect(commandsOf(blocks)).toEqual([`npm i -D ${manifest.name}`])
      expect(Object.keys(appLua)).toEqual(['app.lua'])
    },
    Vitest: async blocks => {
      expect(commandsOf(blocks)).toEqual(['npx vitest'])
      const project = projectOf(vitest, blocks, appLua)
      const { output, exitCode } = await project.run()
      expect(output).toMatch(/Tests +1 passed/)
      expect(exitCode).toBe(0)
      expect(project.leftBehind()).toEqual([])
    },
    Jest: async blocks => {
      expect(commandsOf(blocks)).toEqual(['npx jest'])
      const project = projectOf(jest, blocks, appLua)
      const { output, exitCode } = await project.run()
      expect(output).toMatch(/Tests: +1 passed/)
      expect(exitCode).toBe(0)
      expect(project.leftBehind()).toEqual([])
    },
    Seeds: async blocks => {
      const [app, config, message] = blocks
      if (!app || !config || !message) throw new Error('there are three blocks')
      const good = projectOf(vitest, [], { ...setUpWithBlock(config), ...seeded(app, '[1, 10]\n[2, 20]') })
      expect((await good.run()).output).toMatch(/Tests +1 passed/)
      const bad = projectOf(vitest, [], {
        ...setUpWithBlock(config),
        ...seeded(app, '{ "id": 1, "total": 10 }\n{ "id": 2, "total": 20 }\n{ "id": 3, "totl": 30 }'),
      })
      const { output } = await bad.run()
      const said = output.replaceAll(bad.directory, '/project').replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:34567')
      expect(said).toContain(message.text.trim())
    },
  },
  'docs/docker.md': {
    Docker: async ([block, ...others], { skip }) => {
      if (!block || others.length > 0) throw new Error('there is one block')
      const text = block.text.replace("{ tag: '3.8' }", JSON.stringify(docker))
      expect(text).not.toBe(block.text)
      skip(noEngine, needsEngine)
      const project = projectOf(vitest, [], {
        ...appLua,
        ...setUpWithBlock({ ...block, text }),
        'a.test.ts': `
          import { useTarantool } from 'tarantool-fixture/vitest'
          import { expect, test } from 'vitest'
          const tarantool = useTarantool()
          test('is in a container', async () => {
            expect(await tarantool.command('box.info.pid')).toEqual([1])
            expect(await tarantool.call('count_users')).toEqual([0])
          })`,
      })
      expect((await project.run()).output).toMatch(/Tests +1 passed/)
    },
  },
  'docs/instances.md': {
    'Without a runner': async blocks => {
      const [asynchronous, blocking, ...others] = blocks
      expect(others).toEqual([])
      expect(await runAsScript(asynchronous?.text ?? '')).toMatch(/^\[ '\d+\.\d+\.\d+/)
      expect(await runAsScript(blocking?.text ?? '')).toMatch(/^\[ '\d+\.\d+\.\d+/)
    },
    Replication: async ([block]) => {
      const printed = await runAsScript(`
        import { TarantoolInstance } from 'tarantool-fixture'
        ${block?.text}
        for (const instance of [master, replica, ...mesh]) {
          console.log((await instance.eval('return box.info.status, #box.info.replication'))[0])
          await instance.stop()
        }`)
      expect(printed.split('\n')).toEqual(Array.from({ length: 5 }, () => 'running'))
    },
  },
  'docs/versions.md': {
    'Tarantool versions': async ([block]) => {
      if (!block) throw new Error('there is a block')
      await runVersions(vitest, { ...appLua, ...setUpWithBlock(block), 'a.test.ts': hasVersion }, /Tests +1 passed/)
    },
    'Tests that need a version': async blocks => {
      const project = projectOf(
        vitest,
        blocks,
        setUpWithBlock({ language: 'ts', text: 'export default defineTarantool({})' }),
      )
      const isNew = isAtLeast(await binaryVersion(await locateBinary()), 2, 11)
      expect((await project.run()).output).toMatch(isNew ? /Tests +1 passed/ : /Tests +1 skipped/)
    },
    'One suite against several versions': async ([forVitest, forJest]) => {
      if (!forVitest || !forJest) throw new Error('there are two blocks')
      const setup =
        "import { defineTarantool } from 'tarantool-fixture/vitest/setup'; export default defineTarantool({})"
      const files = { ...filesOf([forVitest]), 'test/tarantool.ts': setup, 'a.test.ts': hasVersion }
      await runVersions(vitest, files, /tarantool 2\.11[\s\S]*Tests +2 passed/)
      const ofJest = hasVersion
        .replaceAll(/import (\{.*\}) from '(.*)\/vitest'/g, "const $1 = require('$2/jest')")
        .replace(/import .* from 'vitest'/, '')
      const config = { 'tarantool.config.js': 'module.exports = {}', 'a.test.js': ofJest }
      await runVersions(jest, { ...filesOf([forJest]), ...config }, /tarantool 2\.11[\s\S]*Tests: +2 passed/)
    },
    'GitHub Actions': async ([block]) => {
      const { text = '' } = block ?? {}
      const version = /TARANTOOL_FIXTURE_VERSION: '(.*)'/.exec(text)?.[1] ?? ''
      expect(text).toContain(`key: tarantool-${version}-`)
      const home = temporaryDirectory()
      const vendor = await vendorOf(version)
      await runRecipe(text.matchAll(/- run: (.*)/g), { home, vendor, version })
      expect(readdirSync(join(home, '.cache/tarantool-fixture/releases')).join()).toContain(version)
    },
    GitLab: async ([block]) => {
      const { text = '' } = block ?? {}
      const version = /TARANTOOL_FIXTURE_VERSION: '(.*)'/.exec(text)?.[1] ?? ''
      const script = text.slice(text.indexOf('script:'))
      const vendor = await vendorOf(version)
      const checkout = temporaryDirectory()
      chmodSync(checkout, 0o777)
      // Each job has a home of its own, and finds what the one before it left in the checkout.
      for (const job of [1, 2]) {
        await runRecipe(script.matchAll(/- (.*)/g), { home: temporaryDirectory(), vendor, version, checkout })
        expect([job, vendor.asked('.deb').length]).toEqual([job, 1])
      }
    },
  },
  'CONTRIBUTING.md': {
    // They are what one runs all day; here, that there is what they name.
    'Working on tarantool-fixture': async blocks => {
      const commands = commandsOf(blocks).flatMap(line => line.split(' && '))
      expect(commands.length).toBeGreaterThan(5)
      for (const command of commands) {
        const [, script] = /^npm (?:run )?(\S+)/.exec(command.replace(/^(\w+=\S+ )+/, '')) ?? []
        if (script && script !== 'ci') expect(Object.keys(manifest.scripts), command).toContain(script)
        for (const [path] of command.matchAll(/(?:test|examples)\/\S+/g)) {
          expect(existsSync(join(repository, path)), path).toBe(true)
        }
      }
    },
  },
}

describe.each(Object.entries(checks))('%s', (page, ofPage) => {
  test.for(Object.entries(ofPage))('the code under "%s"', async ([heading, check], context) => {
    const blocks = blocksUnder(page, heading)
    expect(blocks).not.toEqual([])
    await check(blocks, context)
  })
})

test('every code block of the documentation is in one of these tests', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(repository, 'docs')).map(name => `docs/${name}`)]
  for (const page of pages.filter(name => name.endsWith('.md'))) {
    expect([page, ...codeBlocksOf(page).keys()]).toEqual([page, ...Object.keys(checks[page] ?? {})])
  }
})
