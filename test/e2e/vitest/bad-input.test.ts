import { describe, expect, test } from 'vitest'
import { freePort } from '../../../src/instance/place/port.ts'
import { Project } from '../support/project.ts'
import { complaints, withJsonReport } from '../support/report.ts'
import { vitests } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const uses = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { beforeAll, beforeEach, test } from 'vitest'
`
const passing = `${uses} const tarantool = useTarantool(); test('passes', () => {})`
const stock = { 'vitest.config.ts': `export default { test: { globalSetup: 'tarantool-fixture/vitest/setup' } }` }

interface BadInput {
  readonly files: Record<string, string>
  readonly says: RegExp[]
}

/** What is found when the run is set up: no test runs. */
const badSetups: Record<string, BadInput> = {
  'an option that does not exist': {
    files: setUpWith(`{ walmode: 'none' }`),
    says: [/UnknownOptionError: tarantool: unknown option 'walmode'/, /Did you mean 'walMode'\?/],
  },
  "an application that is not there, with lease: 'on-use'": {
    files: setUpWith(`{ appLua: './no.lua', lease: 'on-use' }`),
    says: [/LuaFileError: appLua: the file \S+no\.lua does not exist/, /relative to/],
  },
  'a config file that throws': {
    files: { ...stock, 'tarantool.config.ts': `throw new Error('no such weather')` },
    says: [/SetupError: cannot read \S+tarantool\.config\.ts: no such weather/],
  },
  "Jest's setup": {
    files: { ...stock, 'vitest.config.ts': "export default { test: { globalSetup: 'tarantool-fixture/jest/setup' } }" },
    says: [/SetupError: tarantool-fixture\/jest\/setup is for Jest/, /globalSetup: 'tarantool-fixture\/vitest\/setup'/],
  },
  'no config file': {
    files: stock,
    says: [/SetupError: there is no tarantool\.config file in \S+/, /or use defineTarantool/],
  },
  'a second setup of the same name': {
    files: {
      ...setUpWith(),
      'second.ts': `import { defineTarantool } from 'tarantool-fixture/vitest/setup'; export default defineTarantool({ walMode: 'write' })`,
      'vitest.config.ts': `export default { test: { globalSetup: ['./tarantool.setup.ts', './second.ts'] } }`,
    },
    says: [/SetupError: two setups of this project have a server named 'default'/, /another name/],
  },
  'a fixed port with more than one worker': {
    files: { ...setUpWith('{ port: 34117 }', 'maxWorkers: 2'), 'other.test.ts': passing },
    says: [/InvalidOptionError: server 'default' has a fixed 'port', and 2 workers/, /maxServers: 1/],
  },
  'browser mode': {
    files: {
      ...setUpWith(),
      // As Vitest resolves it, without the packages of a real browser.
      'vitest.config.ts': `
        const browser = { name: 'browser', configureVitest: ({ project }) => { project.config.browser.enabled = true } }
        export default { plugins: [browser], test: { globalSetup: './tarantool.setup.ts' } }`,
    },
    says: [/SetupError: project '.*' runs in a browser/, /only in projects that run in Node/],
  },
  'a setup of the user that throws after ours': {
    files: {
      ...setUpWith(),
      'second.ts': `export default async () => { throw new Error('no such weather') }`,
      'vitest.config.ts': `export default { test: { globalSetup: ['./tarantool.setup.ts', './second.ts'] } }`,
    },
    says: [/no such weather/],
  },
}

interface BadFiles {
  readonly setup: Record<string, string>
  /** Test files, with what each is told. */
  readonly files: Record<string, { text: string; says: RegExp[] }>
}

const inTest = [/SetupError: useTarantool\(\) was called inside a test or a hook/, /Call it at the top of the file/]

/** What test files do wrong, by the setup of their project. */
const badFiles: Record<string, BadFiles> = {
  'servers of three names': {
    setup: setUpWith('{ servers: { default: {}, name: {}, queue: {} } }', 'maxWorkers: 1, fileParallelism: false'),
    files: {
      'unknown-name': {
        text: `useTarantool('nmae'); test('x', () => {})`,
        says: [/no server is named 'nmae' \[ERR_TARANTOOL_UNKNOWN_SERVER\]\nDid you mean 'name'\?/],
      },
      'in-test': { text: `test('x', () => { useTarantool() })`, says: inTest },
      'in-before-each': { text: `beforeEach(() => { useTarantool() }); test('x', () => {})`, says: inTest },
      'in-before-all': {
        text: `beforeAll(() => { useTarantool() }); test('x', () => {})`,
        says: [/useTarantool\(\) was called inside a test or a hook/],
      },
      'in-concurrent-test': {
        text: `
          let first
          const firstIsOver = new Promise(resolve => { first = resolve })
          test.concurrent('is over', ({ onTestFinished }) => { onTestFinished(() => { setImmediate(first) }) })
          test.concurrent('x', async () => { await firstIsOver; useTarantool() })`,
        says: inTest,
      },
      'own-unknown-option': {
        text: `useTarantool({ config: { applua: './a.lua' } }); test('x', () => {})`,
        says: [/useTarantool: unknown option 'applua' .*\nDid you mean 'appLua'\?/],
      },
      'own-missing-file': {
        text: `useTarantool({ config: { appLua: './no.lua' } }); test('x', () => {})`,
        says: [/appLua: the file \S+no\.lua does not exist/],
      },
      'own-broken-application': {
        text: `useTarantool({ config: { appLua: 'error("broken")' } }); test('x', () => {})`,
        says: [/broken \(.* did not start\) \[ERR_TARANTOOL_INIT_SCRIPT\]/],
      },
    },
  },
  'no server named default': {
    setup: setUpWith('{ servers: { users: {}, queue: {} } }'),
    files: {
      'no-default': {
        text: `useTarantool(); test('x', () => {})`,
        says: [/no server is named 'default' .*\nServers: users, queue\./],
      },
    },
  },
  'no setup': {
    setup: { 'vitest.config.ts': 'export default {}' },
    files: {
      'no-setup': {
        text: `useTarantool(); test('x', () => {})`,
        says: [/this test run has no Tarantool/, /Add globalSetup/],
      },
      'exported-test': {
        text: `
          import { test as exported } from 'tarantool-fixture/vitest'
          exported('x', ({ tarantool }) => {})`,
        says: [/SetupError: this test run has no Tarantool/],
      },
    },
  },
}

const good: Record<string, Record<string, string>> = {
  'a fixed port, and one file': setUpWith(`{ port: ${await freePort()} }`, 'maxWorkers: 2'),
  'a fixed port, and one worker': {
    ...setUpWith(`{ port: ${await freePort()} }`, 'maxWorkers: 1, fileParallelism: false'),
    'other.test.ts': passing,
    'own.test.ts': `${uses} useTarantool({ config: { walMode: 'write' } }); test('has another port', () => {})`,
  },
  'a fixed port, and maxServers: 1': {
    ...setUpWith(`{ port: ${await freePort()}, maxServers: 1 }`, 'maxWorkers: 2'),
    'other.test.ts': passing,
  },
}

async function nothingIsLeft(project: Project): Promise<void> {
  await expect.poll(() => project.servers(), { timeout: 5000 }).toEqual([])
  await expect.poll(() => project.leftBehind(), { timeout: 5000 }).toEqual([])
}

describe.each(vitests)('$name', runner => {
  test.each(Object.entries(badSetups))('setup: %s', async (_name, { files, says }) => {
    const project = new Project(runner, { 'a.test.ts': passing, ...files })
    const { exitCode, output } = await project.run()
    for (const text of says) expect.soft(output).toMatch(text)
    expect.soft(output.match(/^(?:Error|\w+Error): .*$/gm), output).toHaveLength(1)
    expect.soft(output).not.toMatch(/✓|passed/)
    expect.soft(exitCode).toBe(1)
    await nothingIsLeft(project)
  })

  test.each(Object.entries(badFiles))('test files: %s', async (_name, { setup, files }) => {
    const texts = Object.entries(files).map(([name, { text }]) => [`${name}.test.ts`, uses + text])
    const project = new Project(runner, { ...setup, ...Object.fromEntries(texts) })
    const { exitCode, output } = await project.run(['run', ...withJsonReport])
    const told = complaints(project)
    for (const [name, { says }] of Object.entries(files)) {
      for (const text of says) expect.soft(told[`${name}.test.ts`], name).toMatch(text)
    }
    expect(output).not.toMatch(/Unhandled/)
    expect(exitCode).toBe(1)
    await nothingIsLeft(project)
  })

  test.each(Object.entries(good))('%s', async (_name, files) => {
    const project = new Project(runner, { 'a.test.ts': passing, ...files })
    const { exitCode, output } = await project.run()
    expect(output).not.toMatch(/Error/)
    expect(exitCode).toBe(0)
    await nothingIsLeft(project)
  })

  test('a handle whose broker is gone', async () => {
    const project = new Project(runner, {
      ...setUpWith(),
      // A setup whose teardown a test can ask for: what a late teardown, or the end of the main process, looks like.
      'early.ts': `
        import { createServer } from 'node:http'
        import { defineTarantool } from 'tarantool-fixture/vitest/setup'
        const setUp = defineTarantool({})
        export default async project => {
          const tearDown = await setUp(project)
          const server = createServer(async (_, response) => { await tearDown(); response.end() })
          await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
          project.provide('stop', server.address().port)
          return () => server.close()
        }`,
      'vitest.config.ts': `export default { test: { globalSetup: './early.ts' } }`,
      'a.test.ts': `
        import { BrokerGoneError, ConnectionError, useTarantool } from 'tarantool-fixture/vitest'
        import { expect, inject, test } from 'vitest'
        const tarantool = useTarantool()
        test('is told', async () => {
          await fetch('http://127.0.0.1:' + inject('stop')).then(response => response.text())
          await expect(tarantool.eval('return 1')).rejects.toThrow(ConnectionError)
          const gone = await tarantool.restart().catch(error => error)
          expect(gone).toBeInstanceOf(BrokerGoneError)
          expect(gone.stack).toContain('a.test.ts')
          console.log('was told: ' + gone.message)
        })
        test('cannot run', () => {})`,
    })
    const { exitCode, output } = await project.run()
    expect(output).toMatch(/was told: the broker of the test run has ended/)
    expect(output).toMatch(/FAIL .*cannot run\n.*BrokerGoneError: the broker of the test run has ended/)
    expect(exitCode).toBe(1)
    await nothingIsLeft(project)
  })
})
