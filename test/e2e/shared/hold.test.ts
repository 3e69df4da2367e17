import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readKept } from '../../../src/instance/kept/manifest.ts'
import { containersBelow, docker, needsEngine, noEngine } from '../../support/engine.ts'
import { has } from '../../support/features.ts'
import { hasProgram } from '../../support/processes.ts'
import { asJest, esModules } from '../support/as-jest.ts'
import { Project } from '../support/project.ts'
import { isJest, jests, oneOfEach, type Runner, vitests } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'
import { Terminal } from '../support/terminal.ts'

const head = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { afterEach, beforeAll, expect, test } from 'vitest'
const tarantool = useTarantool()
const { port } = tarantool
const ids = () => tarantool.eval('return box.space.users:pairs():map(function(user) return user[1] end):totable()')
const insert = id => tarantool.eval('box.space.users:insert({ ... })', id)
`

const files = {
  'app.lua': `box.schema.space.create('users'):create_index('pk')`,
  'first.test.ts': `${head}
    test('fails', async () => {
      await insert(1)
      await tarantool.eval('MINE = "of the test"')
      throw new Error('of the test')
    })
    test('finds nothing of it', async () => {
      expect([tarantool.port, await ids(), await tarantool.eval('return MINE')]).toEqual([port, [[]], [null]])
    })`,
  'hooks.test.ts': `${head}
    beforeAll(() => insert(7))
    test('fails, with data of a hook', async () => {
      await insert(8)
      throw new Error('of the test')
    })
    test('finds the data of the hook', async () => expect(await ids()).toEqual([[7]]))`,
  'setup.test.ts': `${head}
    beforeAll(async () => {
      await insert(9)
      throw new Error('of the hook')
    })
    test('never runs', () => {})`,
}

const isolated = (isolation: string): string => `${head}
  useTarantool({ isolation: '${isolation}' })
  test('fails in ${isolation}', async () => {
    await insert(1)
    throw new Error('of the test')
  })
  test('after ${isolation}', async () => expect([tarantool.port, await ids()]).toEqual([port, [[]]]))`

const heldFiles = {
  'restart.test.ts': isolated('restart'),
  // The process with the data of the file's hook stands aside meanwhile.
  'process.test.ts': `${head.replace('{ afterEach', '{ describe, afterEach')}
    beforeAll(() => insert(7))
    describe('process', () => {
      useTarantool({ isolation: 'process' })
      test('fails in process', async () => {
        await insert(1)
        throw new Error('of the test')
      })
      test('after process', async () => expect([tarantool.port, await ids()]).toEqual([port, [[]]]))
    })
    test('finds the data of the hook', async () => expect(await ids()).toEqual([[7]]))`,
  'own.test.ts': `${head.replace('useTarantool()', "useTarantool({ config: { appLua: './app.lua', seed: { users: [[3]] } } })").replace('const { port } = tarantool', '')}
    test('fails on its own server', async () => {
      await insert(1)
      throw new Error('of the test')
    })
    test('after its own server', async () => expect(await ids()).toEqual([[3]]))`,
  // No test follows that needs the data of the hook.
  'last.test.ts': `${head}
    beforeAll(() => insert(7))
    test('passes before', async () => expect(await ids()).toEqual([[7]]))
    test('fails at last', async () => {
      await insert(8)
      throw new Error('of the test')
    })
    test.skip('is skipped', () => {})`,
}

const suiteFiles = {
  'app.lua': files['app.lua'],
  'suites.test.ts': `${head.replace('{ afterEach', '{ describe, afterEach')}
    test('passes before', async () => expect(await ids()).toEqual([[]]))
    describe('broken', () => {
      beforeAll(async () => {
        await insert(5)
        throw new Error('of the hook of the describe')
      })
      test('never runs', () => {})
    })
    test('finds nothing of it', async () => expect([tarantool.port, await ids()]).toEqual([port, [[]]]))
    describe('whole', () => {
      beforeAll(() => insert(6))
      test('has its own rows', async () => expect(await ids()).toEqual([[6]]))
    })`,
}

const notHeldFiles = {
  'file.test.ts': `${head}
    useTarantool({ isolation: 'file' })
    test('fails in file', async () => {
      await insert(1)
      throw new Error('of the test')
    })
    test('after file', async () => expect(await ids()).toEqual([[1]]))`,
  'ports.test.ts': `${head.replace('useTarantool()', "useTarantool('http')")}
    test('fails with a named port', async () => {
      await insert(1)
      throw new Error('of the test')
    })
    test('after a named port', async () => expect(await ids()).toEqual([[]]))`,
  'retry.test.ts': `${head.replace('{ afterEach', '{ vi, afterEach')}
    let attempts = 0
    vi.retryTimes?.(1)
    useTarantool({ strict: true })
    test('is tried again', { retry: 1 }, async () => {
      expect(await ids()).toEqual([[]])
      await insert(++attempts)
      if (attempts === 1) throw new Error('of the first attempt')
    })`,
}

const failing = { 'app.lua': files['app.lua'], 'first.test.ts': files['first.test.ts'] }

// The directories of the servers are in the project.
const ignoresServers = ['watch', 'module'].map(kind => `${kind}PathIgnorePatterns: ['<rootDir>/tmp/'],`).join(' ')

function projectOf(runner: Runner, tests: Readonly<Record<string, string>>, config = "hold: 'on-failure'"): Project {
  const all = { ...setUpWith(`{ appLua: './app.lua', ${config} }`, 'maxWorkers: 1, fileParallelism: false'), ...tests }
  return new Project(runner, isJest(runner) ? asJest(all, ignoresServers) : all)
}

const waits = 'Press Enter or Ctrl-C to end them.'

/** Options of a config whose setup says whether Ctrl-C is a key or a signal while the text is written. */
const tellsWhoHasKeys = `...(() => {
  const { write } = process.stderr
  process.stderr.write = function (text, ...others) {
    if (String(text).startsWith('${waits}')) write.call(this, 'the run reads keys: ' + process.stdin.isRaw)
    return write.call(this, text, ...others)
  }
})()`

async function leavesNothing(project: Project): Promise<void> {
  await expect.poll(() => [project.servers(), project.leftBehind()], { timeout: 10_000 }).toEqual([[], []])
}

describe.skipIf(noEngine || !hasProgram('script'))(`in a terminal, in a container (${needsEngine})`, () => {
  test('a run keeps the data, says why, and does not wait', async () => {
    const runner = vitests.find(({ name }) => name === 'vitest-4.1') ?? (oneOfEach[0] as Runner)
    const project = projectOf(runner, failing, `hold: 'on-failure', docker: ${JSON.stringify(docker)}`)
    const terminal = new Terminal(runner, project)
    const { exitCode } = await terminal.run
    const { output } = terminal
    expect(exitCode, output).toBe(1)
    expect(output).toMatch(/1 failed.*1 passed/)
    expect(output).toContain('The server is not held, because the port of a container cannot move')
    expect(output).toMatch(/fails\n {4}default is not held, because the port of a container cannot move/)
    const [, kept = ''] = output.match(/its data: npx tarantool-fixture open (\S+)/) ?? []
    // The container's image has 2.6.0.
    if (!has('a refusal to start from data of 2.6')) {
      expect(await terminal.command('open', kept, '--bare', '-e', 'box.space.users:select()')).toBe('---\n- - [1]\n...')
    }
    expect(containersBelow(project.temporary)).toEqual([])
    await terminal.command('clean')
    await leavesNothing(project)
  })
})

describe.skipIf(!hasProgram('script'))('in a terminal', () => {
  test.each([...vitests, ...jests])('$name holds the servers of failed tests until Enter is pressed', async runner => {
    const project = projectOf(runner, files)
    const terminal = new Terminal(runner, project)
    await terminal.shows(waits)
    const held = await terminal.held()
    expect(held.map(({ held: { test } }) => test).sort()).toEqual(['fails', undefined])
    const first = held.find(server => server.held.test === 'fails')
    const port = first?.uri.split(':')[1] ?? ''
    const { output } = terminal
    expect(output).toContain(
      `The server runs on as Tarantool[127.0.0.1:${port}]: npx tarantool-fixture console ${port}`,
    )
    expect(output).toContain(`    default  127.0.0.1:${port}  Tarantool `)
    expect(await terminal.command('ps')).toMatch(/held since .*first\.test\.[jt]s > fails$/m)
    expect(await terminal.command('console', port, '-e', 'MINE, box.space.users:select()')).toBe(
      '---\n- of the test\n- - [1]\n...',
    )
    const hook = held.find(server => server.held.test === undefined)
    expect(await terminal.command('console', String(hook?.pid), '-e', 'box.space.users:select()')).toBe(
      '---\n- - [9]\n...',
    )
    // The tests that follow need the data of the hook, so the server itself stays with them.
    expect(output).toContain('The server is not held, because the tests that follow expect its data')
    const [kept = ''] = project
      .leftBehind()
      .map(name => join(project.temporary, name))
      .filter(isKept)
    expect(output).toContain(`npx tarantool-fixture open ${kept}`)
    expect(await terminal.command('open', kept, '--bare', '-e', 'box.space.users:select()')).toBe(
      '---\n- - [7]\n  - [8]\n...',
    )
    terminal.press('\r')
    const { exitCode } = await terminal.run
    expect(exitCode).toBe(1)
    expect(output).toMatch(isJest(runner) ? /Tests: +3 failed, 2 passed/ : /Tests +2 failed \| 2 passed/)
    await terminal.command('clean')
    await leavesNothing(project)
  })

  test.each(oneOfEach)('$name holds a server if no test that follows needs it', async runner => {
    const project = projectOf(runner, { 'app.lua': files['app.lua'], ...heldFiles })
    const terminal = new Terminal(runner, project)
    await terminal.shows(waits)
    const rows: Record<string, string> = {}
    for (const { held, pid } of await terminal.held()) {
      rows[held.test ?? ''] = await terminal.command('console', String(pid), '-e', 'box.space.users:select()')
    }
    expect(rows).toEqual({
      'fails in restart': '---\n- - [1]\n...',
      'process > fails in process': '---\n- - [1]\n...',
      'fails on its own server': '---\n- - [1]\n  - [3]\n...',
      'fails at last': '---\n- - [7]\n  - [8]\n...',
    })
    expect(terminal.output).toMatch(/4 failed.*5 passed|5 passed.*4 failed/)
    terminal.press('\r')
    await terminal.run
    await leavesNothing(project)
  })

  test.each(oneOfEach)('$name holds the server of a failed hook of a describe, with its changes', async runner => {
    const project = projectOf(runner, suiteFiles)
    const terminal = new Terminal(runner, project)
    await terminal.shows(waits)
    const [first, ...others] = await terminal.held()
    expect([first?.held.test, others]).toEqual(['a hook of broken', []])
    expect(await terminal.command('console', String(first?.pid), '-e', 'box.space.users:select()')).toBe(
      '---\n- - [5]\n...',
    )
    terminal.press('\r')
    await terminal.run
    expect(terminal.output).toMatch(isJest(runner) ? /1 failed, 3 passed/ : /3 passed/)
    await leavesNothing(project)
  })

  test.each(oneOfEach)(
    '$name does not hold a server that tests need, and holds that of each failed attempt',
    async runner => {
      const config = "hold: 'on-failure', servers: { default: {}, http: { ports: ['http'] } }"
      const project = projectOf(runner, { 'app.lua': files['app.lua'], ...notHeldFiles }, config)
      const terminal = new Terminal(runner, project)
      await terminal.shows(waits)
      expect((await terminal.held()).map(({ held: { test } }) => test)).toEqual(['is tried again'])
      expect(terminal.output).toMatch(
        /fails in file\n {4}default is not held, because the tests that follow expect its data/,
      )
      expect(terminal.output).toMatch(
        /fails with a named port\n {4}http is not held, because its named ports cannot move/,
      )
      expect(terminal.output).toMatch(/2 failed.*3 passed|3 passed.*2 failed/)
      terminal.press('\r')
      await terminal.run
      await terminal.command('clean')
      await leavesNothing(project)
    },
  )

  test.each(oneOfEach)('$name: Ctrl-C ends the wait as Enter does', async runner => {
    const project = projectOf(runner, failing, tellsWhoHasKeys)
    const terminal = new Terminal(runner, project, undefined, { TARANTOOL_FIXTURE_HOLD: '1' })
    await terminal.shows(waits)
    // If the terminal had the keys when the text comes, Ctrl-C could still be a signal, which ends the run with 130.
    expect(terminal.output).toContain('the run reads keys: true')
    terminal.press('\x03')
    const { exitCode } = await terminal.run
    expect(exitCode).toBe(1)
    await leavesNothing(project)
  })

  test.each(oneOfEach)('$name: kill -9 during the wait leaves nothing', async runner => {
    const project = projectOf(runner, failing)
    const terminal = new Terminal(runner, project)
    await terminal.shows(waits)
    const [owner] = JSON.parse(await terminal.command('ps', '--json'))
    process.kill(owner.pid, 'SIGKILL')
    await terminal.run
    await leavesNothing(project)
  })

  test.each(oneOfEach)('$name: in watch mode, the servers run on until the next run', async runner => {
    const project = projectOf(runner, failing)
    const terminal = new Terminal(runner, project, [isJest(runner) ? '--watchAll' : 'watch'])
    await terminal.shows('The next run ends them.')
    const [first] = await terminal.held()
    expect(first?.held.test).toBe('fails')
    terminal.press(isJest(runner) ? 'a' : 'r')
    await terminal.shows('The next run ends them.')
    const [second, ...others] = await terminal.held()
    expect([second?.pid === first?.pid, others]).toEqual([false, []])
    expect(terminal.output).not.toContain(waits)
    terminal.press('q')
    await terminal.run
    await leavesNothing(project)
  })
})

test.each(oneOfEach)('$name: nothing is held in CI, or without a terminal, and no run waits', async runner => {
  for (const [env, why] of [
    [{ CI: 'true' }, 'the variable CI is set'],
    [{ CI: '' }, 'the run has no terminal'],
  ] as const) {
    const project = projectOf(runner, failing)
    const { exitCode, output } = await project.run(undefined, { env: { ...(isJest(runner) && esModules), ...env } })
    expect(exitCode).toBe(1)
    expect(output).toContain(`The server is not held, because ${why}; keep: 'on-failure' keeps its data`)
    await leavesNothing(project)
  }
})

test.each(oneOfEach)('$name: a wrong value says what is allowed', async runner => {
  const project = projectOf(runner, failing, "hold: 'always'")
  const { output } = await project.run(undefined, { env: isJest(runner) ? esModules : {} })
  expect(output).toContain("option 'hold' must be 'never' or 'on-failure'")
})

function isKept(directory: string): boolean {
  try {
    return readKept(directory) !== undefined
  } catch {
    return false
  }
}
