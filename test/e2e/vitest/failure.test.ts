import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readKept } from '../../../src/instance/kept/manifest.ts'
import { cli } from '../../cli/support.ts'
import { Project } from '../support/project.ts'
import { outcomes, withJsonReport } from '../support/report.ts'
import { vitests } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const say = `function say(text) require('log').info(text) end`

const uses = `
import { ServerExitedError, useTarantool } from 'tarantool-fixture/vitest'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
const tarantool = useTarantool()
`

const failing = `${uses}
test('passes', async () => { await tarantool.call('say', 'line of a passing test') })
test('fails', async () => {
  await tarantool.call('say', 'line of a failing test')
  await tarantool.eval("box.schema.space.create('made'):create_index('pk') box.space.made:insert({ 1 })")
  expect(1).toBe(2)
})
test('fails silently', () => { expect(1).toBe(2) })
test('fails softly', async () => {
  expect.soft(1).toBe(2)
  expect.soft(3).toBe(4)
  await tarantool.call('say', 'line of a soft test')
})
let attempts = 0
test('fails again', { retry: 1 }, async () => {
  await tarantool.call('say', 'line of attempt ' + ++attempts)
  expect(attempts).toBe(-attempts)
})
test('fails with fake timers', async () => {
  vi.useFakeTimers()
  await tarantool.call('say', 'line under fake timers')
  expect(1).toBe(2)
})
test('fails loudly', async () => {
  vi.useRealTimers()
  for (let i = 1; i <= 30; i++) await tarantool.call('say', 'loud line ' + i + '.')
  throw new Error('')
})
test('waits in vain', { timeout: 1000 }, async () => {
  await tarantool.waitForLog('never logged')
})
describe('with a beforeEach that fails', () => {
  beforeEach(async () => {
    await tarantool.call('say', 'line of a beforeEach')
    throw new Error('of the beforeEach')
  })
  test('fails in its beforeEach', () => {})
})
describe('with an afterEach that fails', () => {
  afterEach(async () => {
    await tarantool.call('say', 'line of an afterEach')
    throw new Error('of the afterEach')
  })
  test('fails in its afterEach', async () => {})
})
describe('concurrent', () => {
  useTarantool({ isolation: 'file' })
  let second
  const secondRuns = new Promise(resolve => { second = resolve })
  test.concurrent('fails beside another', async () => {
    await tarantool.call('say', 'line before the other begins')
    await secondRuns
    throw new Error('of the first')
  })
  test.concurrent('the other', async () => { second() })
})
`

const injects = `
import { expect, inject, test } from 'vitest'
import TarantoolConnection from 'tarantool-driver'
const { host, port } = inject('tarantool')
test('fails with inject only', async () => {
  const connection = new TarantoolConnection({ host, port })
  await connection.eval("say('line of an injected server')")
  connection.disconnect()
  expect(1).toBe(2)
})`

const shown: Record<string, { has: RegExp[]; not: RegExp[] }> = {
  fails: { has: [/line of a failing test/, /logged during this test \(full log: \S+\.log/], not: [/passing test/] },
  'fails silently': { has: [/expected 1 to be 2/], not: [/logged/, /line of/] },
  'fails softly': { has: [/line of a soft test/, /expected 3 to be 4/], not: [/soft test[\s\S]*soft test/] },
  'fails again': {
    has: [/line of attempt 1[\s\S]*to be -2[\s\S]*line of attempt 2/],
    not: [/line of attempt 2[\s\S]*line of attempt/],
  },
  'fails with fake timers': { has: [/line under fake timers/], not: [/line of/] },
  'fails loudly': { has: [/10 lines before these/, /loud line 11\./, /loud line 30\./], not: [/loud line 10\./] },
  'waits in vain': { has: [/no line of the log matched never logged within 800 ms/], not: [/timed out/] },
  'fails in its beforeEach': { has: [/of the beforeEach/, /line of a beforeEach/], not: [/loud line/] },
  'fails in its afterEach': { has: [/of the afterEach/, /line of an afterEach/], not: [/a beforeEach/] },
  'fails beside another': { has: [/of the first/, /line before the other begins/], not: [/an afterEach/] },
  'fails with inject only': { has: [/line of an injected server/], not: [/line of a /] },
}

const reporters: Record<string, (project: Project, output: string) => string> = {
  default: (_project, output) => output,
  'github-actions': (_project, output) => output.match(/^::error .*$/gm)?.join('\n') ?? '',
  junit: project => project.read('junit.xml'),
  json: project => JSON.stringify(outcomes(project)),
}

// A request that calls os.exit keeps 3.x from ending in order: it waits three seconds, and exits with code 1.
const crashes: Record<string, { how: string; says: RegExp }> = {
  'os.exit': {
    how: `await tarantool.eval('os.exit(3)').catch(() => {})`,
    says: /exited with code [13] during this test/,
  },
  'a kill -9 from outside': {
    how: `process.kill(tarantool.pid, 'SIGKILL'); await tarantool.eval('return 1').catch(() => {})`,
    says: /was killed by SIGKILL during this test/,
  },
  'an abort': {
    how: `await tarantool.eval("require('ffi').cdef('void abort(void);') require('ffi').C.abort()").catch(() => {})`,
    says: /was killed by SIGABRT during this test/,
  },
}

const crashing = `${uses}
const { port } = tarantool
const reached = async () => {
  expect(tarantool.port).toBe(port)
  expect(await tarantool.eval('return 1')).toEqual([1])
}
test('before', async () => { await tarantool.call('say', 'line of an earlier test') })
${Object.entries(crashes)
  .map(
    ([name, { how }]) => `
test('dies of ${name}', async () => {
  await tarantool.call('say', 'line before ${name}')
  ${how}
})
test('after ${name}', reached)`,
  )
  .join('\n')}
describe('dies outside of a test', () => {
  beforeAll(async () => { await tarantool.eval('os.exit(4)').catch(() => {}) })
  test('the first after a crash in beforeAll', () => {})
  test('the second after a crash in beforeAll', reached)
})`

describe.each(vitests)('$name', runner => {
  test('what the server logged, under the error, in every reporter', async () => {
    const project = new Project(runner, {
      ...setUpWith(`{ appLua: './app.lua' }`, 'maxWorkers: 1, fileParallelism: false'),
      'app.lua': say,
      'failing.test.ts': failing,
      'inject.test.ts': injects,
    })
    const { exitCode, output } = await project.run([
      'run',
      ...withJsonReport,
      ...['--reporter=junit', '--outputFile.junit=junit.xml', '--reporter=github-actions'],
    ])
    expect(exitCode).toBe(1)
    const results = outcomes(project)
    expect(results).toMatchObject({ passes: 'passed', 'the other': 'passed' })
    for (const [title, { has, not }] of Object.entries(shown)) {
      for (const text of has) expect.soft(results[title], title).toMatch(text)
      for (const text of not) expect.soft(results[title], title).not.toMatch(text)
    }
    for (const [reporter, textOf] of Object.entries(reporters)) {
      const text = textOf(project, output)
      for (const line of [
        'line of a failing test',
        'made: 1 inserted',
        'line of an injected server',
        'line of an afterEach',
      ]) {
        expect.soft(text, reporter).toContain(line)
      }
      expect.soft(text, reporter).not.toContain('line of a passing test')
    }
    // The line of the test, in the code frame.
    expect.soft(output).toMatch(/\|.*await tarantool\.waitForLog\('never logged'\)/)
  })

  test('a server that dies, and the next test', async () => {
    const project = new Project(runner, {
      ...setUpWith(`{ appLua: './app.lua' }`),
      'app.lua': say,
      'crash.test.ts': crashing,
      'after-all.test.ts': `${uses}
        test('passes, and the server dies after it', () => {})
        afterAll(async () => { await tarantool.eval('os.exit(5)').catch(() => {}) })`,
      'before-all.test.ts': `${uses}
        beforeAll(async () => { await tarantool.call('say', 'line of a beforeAll'); throw new Error('of the beforeAll') })
        test('is skipped', () => {})`,
    })
    const { exitCode, output } = await project.run(['run', ...withJsonReport])
    expect(exitCode).toBe(1)
    const results = outcomes(project)
    for (const [name, { says }] of Object.entries(crashes)) {
      expect.soft(results[`dies of ${name}`]).toMatch(says)
      expect.soft(results[`dies of ${name}`]).toContain(`line before ${name}`)
      expect.soft(results[`dies of ${name}`]).toContain('ERR_TARANTOOL_SERVER_EXITED')
      expect.soft(results[`dies of ${name}`]).not.toContain('line of an earlier test')
      expect.soft(results[`after ${name}`]).toBe('passed')
    }
    expect.soft(results['the first after a crash in beforeAll']).toMatch(/exited with code [14] before this test/)
    // What that beforeAll was to do before its tests is not there.
    expect.soft(results['the second after a crash in beforeAll']).toMatch(/ERR_TARANTOOL_RESET/)
    expect.soft(results['passes, and the server dies after it']).toBe('passed')
    expect.soft(output).toMatch(/exited with code [15] outside the tests/)
    expect.soft(output).toMatch(/of the beforeAll\n\n.* logged during this file.*\n(?: .*\n)*.*line of a beforeAll/)
    expect(project.servers()).toEqual([])
    await expect.poll(() => project.leftBehind()).toEqual([])
  })

  test.each(['list', 'parallel'])('failing hooks, with sequence.hooks %s', async hooks => {
    const project = new Project(runner, {
      ...setUpWith(`{ appLua: './app.lua' }`, `sequence: { hooks: '${hooks}' }`),
      'app.lua': say,
      'hooks.test.ts': `${uses}
        afterEach(async () => { await tarantool.call('say', 'line of a late hook'); throw new Error('late') })
        test('fails late', () => {})`,
    })
    await project.run(['run', ...withJsonReport])
    expect(outcomes(project)['fails late']).toMatch(/late\n\n[\s\S]*line of a late hook/)
  })

  test("log: 'live' prints each line with its server and its test", async () => {
    const project = new Project(runner, {
      ...setUpWith(`{ appLua: './app.lua', log: 'live' }`),
      'app.lua': say,
      'live.test.ts': `${uses}
        describe('a suite', () => {
          beforeAll(() => tarantool.call('say', 'line of a hook'))
          test('first', () => tarantool.call('say', 'line of first'))
          test('second', () => tarantool.call('say', 'line of second'))
        })`,
    })
    const { output, exitCode } = await project.run(['run'])
    expect(exitCode).toBe(0)
    const marks = [...output.matchAll(/^\[(.*?)\] .*(line of .*)$/gm)].map(([, mark, line]) => `${line}: ${mark}`)
    expect(marks).toEqual([
      'line of a hook: default-1 live.test.ts',
      'line of first: default-1 live.test.ts > a suite > first',
      'line of second: default-1 live.test.ts > a suite > second',
    ])
    expect(output).not.toContain('initializing an empty data directory')
  })

  test("keep: 'on-failure' keeps the data and the log of a failed test, and of no other", async () => {
    const project = new Project(runner, {
      ...setUpWith(`{ appLua: './app.lua', keep: 'on-failure' }`, 'maxWorkers: 2'),
      'app.lua': `${say}\nbox.schema.space.create('notes'):create_index('primary')`,
      'passing.test.ts': `${uses} test('passes', async () => { await tarantool.call('say', 'line of passes') })`,
      'failing.test.ts': `${uses}
        const { port } = tarantool
        describe('a suite', () => {
          test('fails', async () => {
            await tarantool.call('say', 'line of fails')
            await tarantool.eval("box.space.notes:insert({ 1, 'of the test' })")
            throw new Error('fails')
          })
        })
        test('dies', async () => {
          await tarantool.call('say', 'line of dies')
          await tarantool.eval('os.exit(3)').catch(() => {})
        })
        test('after', async () => {
          await tarantool.call('say', 'line of after')
          expect(tarantool.port).toBe(port)
          expect(await tarantool.eval('return box.space.notes:count()')).toEqual([0])
        })`,
    })
    const { output } = await project.run(['run', ...withJsonReport])
    const results = outcomes(project)
    expect(results).toMatchObject({ passes: 'passed', after: 'passed' })
    const [, logFile = ''] = /full log: (\S+\.log)\)/.exec(results.fails ?? '') ?? []
    expect(output).toContain(logFile)
    expect(readFileSync(logFile, 'utf8')).toContain('line of fails')
    expect(results.fails).toContain(`The data is kept as it is now: npx tarantool-fixture open ${dirname(logFile)}`)
    const [, other = ''] = /Full log: (\S+\.log)/i.exec(results.dies ?? '') ?? []
    expect(readFileSync(other, 'utf8')).toContain('line of dies')
    const left = project.leftBehind().map(name => join(project.temporary, name))
    expect(left.sort()).toEqual([dirname(logFile), dirname(other)].sort())
    const { stdout: opened } = await cli(['open', dirname(logFile), '--bare', '-e', 'box.space.notes:select()'])
    expect(opened).toBe("---\n- - [1, 'of the test']\n...")
    const { test: name, testFile } = readKept(dirname(logFile))
    expect([name, testFile]).toEqual(['a suite > fails', expect.stringMatching(/failing\.test\.ts$/)])
    expect(project.servers()).toEqual([])
  })

  test('without keep the path of the log says how to keep it', async () => {
    const project = new Project(runner, {
      ...setUpWith(`{ appLua: './app.lua' }`),
      'app.lua': say,
      'failing.test.ts': `${uses}
        test('fails', async () => { await tarantool.call('say', 'x'); throw new Error('fails') })`,
    })
    await project.run(['run', ...withJsonReport])
    const [, logFile] =
      /full log: (\S+\.log), removed after the run; set keep: 'on-failure' to keep it/.exec(
        outcomes(project).fails ?? '',
      ) ?? []
    expect(existsSync(String(logFile))).toBe(false)
    await expect.poll(() => project.leftBehind()).toEqual([])
  })

  test('an application that fails', async () => {
    const project = new Project(runner, {
      ...setUpWith(`{ appLua: './app.lua' }`, 'maxWorkers: 2'),
      'app.lua': `local answer = 42\nerror('the application is broken')`,
      'one.test.ts': `${uses} test('one', () => {})`,
      'two.test.ts': `${uses} test('two', () => {})`,
      'three.test.ts': `${uses} test('three', () => {})`,
    })
    const { exitCode, output } = await project.run()
    expect(exitCode).toBe(1)
    expect(output.match(/InitScriptError: .*app\.lua:2: the application is broken/g)).toHaveLength(3)
    expect(output).toMatch(/Test Files +3 failed/)
    expect(output).not.toMatch(/Unhandled/)
    expect(project.servers()).toEqual([])
    await expect.poll(() => project.leftBehind()).toEqual([])
  })
})
