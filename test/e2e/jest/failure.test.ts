import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readKept } from '../../../src/instance/kept/manifest.ts'
import { cli } from '../../cli/support.ts'
import { setUpJest } from '../support/jest.ts'
import { Project } from '../support/project.ts'
import { complaints, outcomes } from '../support/report.ts'
import { jests } from '../support/runners.ts'

const report = ['--json', '--outputFile=report.json']
const say = "function say(text) require('log').info(text) end"
const uses = `
const { ServerExitedError, useTarantool } = require('tarantool-fixture/jest')
const tarantool = useTarantool()
`

const failing = `${uses}
test('passes', async () => { await tarantool.call('say', 'line of a passing test') })
test('fails', async () => {
  await tarantool.call('say', 'line of a failing test')
  expect(1).toBe(2)
})
test('fails silently', () => { expect(1).toBe(2) })
test('fails with an assertion', async () => {
  await tarantool.call('say', 'line of an assertion')
  require('node:assert').strictEqual(1, 2)
})
test('fails with a text', async () => {
  await tarantool.call('say', 'line beside a text')
  throw 'only a text'
})
test('fails with an error that cannot be written to', async () => {
  await tarantool.call('say', 'line beside a frozen error')
  throw Object.freeze(new RangeError('frozen'))
})
test('fails with an error that has getters', async () => {
  await tarantool.call('say', 'line beside a DOMException')
  structuredClone(() => {})
})
test('fails with fake timers', async () => {
  jest.useFakeTimers()
  await tarantool.call('say', 'line under fake timers')
  expect(1).toBe(2)
})
test('waits in vain', async () => {
  jest.useRealTimers()
  await tarantool.waitForLog('never logged')
}, 1000)
test('fails loudly', async () => {
  jest.useRealTimers()
  for (let i = 1; i <= 30; i++) await tarantool.call('say', 'loud line ' + i + '.')
  throw new Error('')
})
describe('with a beforeEach that fails', () => {
  beforeEach(async () => {
    await tarantool.call('say', 'line of a beforeEach')
    throw new Error('of the beforeEach')
  })
  test('fails in its beforeEach', () => {})
})
describe('with a beforeAll that fails', () => {
  beforeAll(async () => {
    await tarantool.call('say', 'line of a beforeAll')
    throw new Error('of the beforeAll')
  })
  test('fails for its beforeAll', () => {})
})
describe('with an afterEach that fails', () => {
  afterEach(async () => {
    await tarantool.call('say', 'line of an afterEach')
    throw new Error('of the afterEach')
  })
  test('fails in its afterEach', async () => {})
})
test('fails too late', async () => {
  await tarantool.call('say', 'line of a late test')
  await new Promise(() => {})
}, 50)
`

const again = `${uses}
jest.retryTimes(1)
let attempts = 0
test('fails again', async () => {
  await tarantool.call('say', 'line of attempt ' + ++attempts)
  expect(attempts).toBe(-attempts)
})`

// The code that reads logs is loaded when the first test fails, in a file that may have mocks by then.
const mocked = `
jest.mock('fs'); jest.mock('fs/promises')
${uses}
test('fails with mocks', async () => {
  await tarantool.call('say', 'line beside mocks')
  expect(await tarantool.waitForLog('beside mocks')).toBe('')
})`

const variablesOnly = `
const { connect } = require('node:net')
test('fails with the address only', async () => {
  const socket = connect(Number(process.env.TARANTOOL_CONSOLE_OF_TEST ?? process.env.TARANTOOL_PORT), process.env.TARANTOOL_HOST)
  const [greeting] = await require('node:events').once(socket, 'data')
  socket.destroy()
  expect(String(greeting)).toBe('')
})`

const shown: Record<string, { has: RegExp[]; not: RegExp[] }> = {
  fails: { has: [/line of a failing test/, /logged during this test \(full log: \S+\.log/], not: [/passing test/] },
  'fails silently': { has: [/toBe/], not: [/logged/, /line of/] },
  'fails with an assertion': { has: [/line of an assertion/, /strictEqual/], not: [/failing test/] },
  'fails with a text': { has: [/only a text/, /line beside a text/], not: [/line of/] },
  'fails with an error that cannot be written to': {
    has: [/RangeError: frozen/, /beside a frozen error/],
    not: [/text/],
  },
  'fails with an error that has getters': { has: [/could not be cloned/, /beside a DOMException/], not: [/frozen/] },
  'fails for its beforeAll': { has: [/of the beforeAll/, /logged during this file/, /line of a beforeAll/], not: [] },
  'fails with fake timers': { has: [/line under fake timers/], not: [/line of/] },
  'fails loudly': { has: [/10 lines before these/, /loud line 11\./, /loud line 30\./], not: [/loud line 10\./] },
  'waits in vain': { has: [/no line of the log matched never logged within 800 ms/], not: [/Exceeded timeout/] },
  'fails in its beforeEach': { has: [/of the beforeEach/, /line of a beforeEach/], not: [/loud line/] },
  'fails in its afterEach': { has: [/of the afterEach/, /line of an afterEach/], not: [/a beforeEach/] },
  'fails too late': { has: [/Exceeded timeout of 50 ms/, /line of a late test/], not: [/an afterEach/] },
  'fails again': { has: [/line of attempt 2/], not: [/line of attempt 2[\s\S]*line of attempt 1/] },
  'fails with mocks': { has: [/line beside mocks/, /logged during this test/], not: [/address/] },
  'fails with the address only': { has: [/Tarantool \d+\.\d+/], not: [/line of/] },
}

// A request that calls os.exit keeps 3.x from ending in order: it waits three seconds, and exits with code 1.
const crashes: Record<string, { how: string; says: RegExp }> = {
  'os.exit': {
    how: "await tarantool.eval('os.exit(3)').catch(() => {})",
    says: /exited with code [13] during this test/,
  },
  'a kill -9 from outside': {
    how: "process.kill(tarantool.pid, 'SIGKILL'); await tarantool.eval('return 1').catch(() => {})",
    says: /was killed by SIGKILL during this test/,
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
test('a request to a dead server', async () => {
  const error = await tarantool.eval('os.exit(3)').catch(error => error)
  expect(error.code).toMatch(/^ERR_TARANTOOL_/)
})
describe('dies outside of a test', () => {
  beforeAll(async () => { await tarantool.eval('os.exit(4)').catch(() => {}) })
  test('the first after a crash in beforeAll', () => {})
  test('the second after a crash in beforeAll', reached)
})`

describe.each(jests)('$name', runner => {
  test('what the server logged, under the error', async () => {
    const project = new Project(runner, {
      ...setUpJest("{ appLua: './app.lua' }", 'maxWorkers: 1'),
      'app.lua': say,
      'failing.test.js': failing,
      'again.test.js': again,
      'mocked.test.js': mocked,
      'variables.test.js': variablesOnly,
    })
    const { exitCode, output } = await project.run(report)
    expect(exitCode).toBe(1)
    const results = outcomes(project)
    expect(results).toMatchObject({ passes: 'passed' })
    for (const [title, { has, not }] of Object.entries(shown)) {
      for (const text of has) expect.soft(results[title], title).toMatch(text)
      for (const text of not) expect.soft(results[title], title).not.toMatch(text)
    }
    for (const line of ['line of a failing test', 'line of an afterEach']) expect.soft(output).toContain(line)
    expect.soft(output).not.toContain('line of a passing test')
    // The line of the test, in the code frame.
    expect.soft(output).toMatch(/\|.*await tarantool\.waitForLog\('never logged'\)/)
  })

  test('a server that dies, and the next test', async () => {
    const project = new Project(runner, {
      ...setUpJest("{ appLua: './app.lua' }"),
      'app.lua': say,
      'crash.test.js': crashing,
      'after-all.test.js': `${uses}
        test('passes, and the server dies after it', () => {})
        afterAll(async () => { await tarantool.eval('os.exit(5)').catch(() => {}) })`,
      'before-all.test.js': `${uses}
        beforeAll(async () => { await tarantool.call('say', 'line of a beforeAll'); throw new Error('of the beforeAll') })
        test('is not run', () => {})`,
    })
    const { exitCode } = await project.run(report)
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
    expect.soft(complaints(project)['after-all.test.js']).toMatch(/exited with code [15] outside the tests/)
    expect
      .soft(results['is not run'])
      .toMatch(/of the beforeAll\n\n.* logged during this file.*\n(?: .*\n)*.*line of a beforeAll/)
    expect(project.servers()).toEqual([])
    await expect.poll(() => project.leftBehind()).toEqual([])
  })

  test('what the server logged and what the test changed, in every reporter', async () => {
    const project = new Project(runner, {
      ...setUpJest("{ appLua: './app.lua' }", "reporters: ['default', 'github-actions', './junit.cjs']"),
      'app.lua': `${say}\nbox.schema.space.create('notes'):create_index('primary')`,
      // A reporter of JUnit's XML, such as jest-junit, reads the messages of failures.
      'junit.cjs': `module.exports = class {
        onTestResult(_, { testResults }) {
          const texts = testResults.flatMap(({ failureMessages }) => failureMessages)
          require('node:fs').writeFileSync('junit.xml', texts.join('\\n'))
        }
      }`,
      'failing.test.js': `${uses}
        test('fails', async () => {
          await tarantool.call('say', 'line of a failing test')
          for (let i = 1; i <= 20; i++) await tarantool.eval('box.space.notes:insert({ ... })', i)
          throw new Error('of the test')
        })`,
    })
    const { output } = await project.run([], { env: { GITHUB_ACTIONS: 'true' } })
    const annotation = /^::error .*$/m.exec(output)?.[0] ?? ''
    const texts = {
      default: output.replaceAll(/^::.*$/gm, ''),
      'github-actions': annotation.replaceAll('%0A', '\n'),
      junit: project.read('junit.xml'),
    }
    for (const [reporter, text] of Object.entries(texts)) {
      expect.soft(text, reporter).toMatch(/logged during this test \(full log: .*\n.*line of a failing test/)
      const [changes = ''] = /changed during this test: notes: 20 inserted\n(?:.*\+ notes.*\n)*.* more/.exec(text) ?? []
      expect.soft(changes.split('\n').length, reporter).toBe(5)
    }
  })

  test("log: 'live' prints each line with its server and its test", async () => {
    const project = new Project(runner, {
      ...setUpJest("{ appLua: './app.lua', log: 'live' }"),
      'app.lua': say,
      'live.test.js': `${uses}
        describe('a suite', () => {
          beforeAll(() => tarantool.call('say', 'line of a hook'))
          test('first', () => tarantool.call('say', 'line of first'))
          test('second', () => tarantool.call('say', 'line of second'))
        })`,
    })
    const { output, exitCode } = await project.run()
    expect(exitCode).toBe(0)
    const marks = [...output.matchAll(/^\[(.*?)\] .*(line of .*)$/gm)].map(([, mark, line]) => `${line}: ${mark}`)
    expect(marks).toEqual([
      'line of a hook: default-1 live.test.js',
      'line of first: default-1 live.test.js > a suite > first',
      'line of second: default-1 live.test.js > a suite > second',
    ])
    expect(output).not.toContain('initializing an empty data directory')
  })

  test("keep: 'on-failure' keeps the data and the log of a failed test, and of no other", async () => {
    const project = new Project(runner, {
      ...setUpJest("{ appLua: './app.lua', keep: 'on-failure' }", 'maxWorkers: 2'),
      'app.lua': `${say}\nbox.schema.space.create('notes'):create_index('primary')`,
      'passing.test.js': `${uses} test('passes', async () => { await tarantool.call('say', 'line of passes') })`,
      'failing.test.js': `${uses}
        describe('a suite', () => {
          test('fails', async () => {
            await tarantool.call('say', 'line of fails')
            await tarantool.eval("box.space.notes:insert({ 1, 'of the test' })")
            throw new Error('fails')
          })
        })
        test('fails in silence', () => { throw new Error('silent') })`,
    })
    const { output } = await project.run(report)
    const results = outcomes(project)
    const logOf = (text = ''): string => /full log: (\S+\.log)\)/.exec(text)?.[1] ?? ''
    const [logFile, other] = [logOf(results.fails), logOf(results['fails in silence'])]
    expect(output).toContain(logFile)
    expect(readFileSync(logFile, 'utf8')).toContain('line of fails')
    expect(results['fails in silence']).toContain(`logged nothing during this test (full log: ${other})`)
    const left = project.leftBehind().map(name => join(project.temporary, name))
    expect(left.sort()).toEqual([dirname(logFile), dirname(other)].sort())
    const { stdout: opened } = await cli(['open', dirname(logFile), '--bare', '-e', 'box.space.notes:select()'])
    expect(opened).toBe("---\n- - [1, 'of the test']\n...")
    const { test: name, testFile } = readKept(dirname(logFile))
    expect([name, testFile]).toEqual(['a suite > fails', expect.stringMatching(/failing\.test\.js$/)])
    expect(project.servers()).toEqual([])
  })

  test('an application that fails', async () => {
    const project = new Project(runner, {
      ...setUpJest("{ appLua: './app.lua' }", 'maxWorkers: 2'),
      'app.lua': "local answer = 42\nerror('the application is broken')",
      'one.test.js': `${uses} test('one', () => {})`,
      'two.test.js': `${uses} test('two', () => {})`,
    })
    const { exitCode, output } = await project.run()
    expect(exitCode).toBe(1)
    expect(output).toMatch(/app\.lua:2: the application is broken .*\[ERR_TARANTOOL_INIT_SCRIPT\]/)
    expect(output).toMatch(/Test Suites: 2 failed/)
    expect(project.servers()).toEqual([])
    await expect.poll(() => project.leftBehind()).toEqual([])
  })
})
