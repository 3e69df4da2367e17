import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { Project } from '../support/project.ts'
import { outcomes, withJsonReport } from '../support/report.ts'
import { resettingProject } from '../support/reset.ts'
import { inTurn, jests, oneOfEach, vitests } from '../support/runners.ts'

const start = (what = '', server = ''): string => `
import { useTarantool } from 'tarantool-fixture/vitest'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { rowsOf } from './rows.ts'
const tarantool = useTarantool(${what})
const rows = rowsOf(tarantool)${server}`

// Talks to the server without `useTarantool`: by its address.
const byAddress = `
import TarantoolConnection from 'tarantool-driver'
import { afterAll, expect, inject, test } from 'vitest'
const { host, port } = inject('tarantool')
const connection = new TarantoolConnection({ host, port })
afterAll(() => connection.disconnect())
const names = async () => (await connection.call('names'))[0][0]`

/** Each a project whose files run one after the other on one server; all their tests pass. */
const projects: Record<string, Record<string, string>> = {
  'a file that only knows the address is undone when it ends': {
    ...resettingProject(),
    'a.test.ts': `${byAddress}
      test('first', async () => {
        expect(await names()).toBe('')
        await connection.call('add', 'row')
      })
      test.concurrent('second', async () => expect(await names()).toBe('row'))`,
    'b.test.ts': `${byAddress}
      test('next file', async () => expect(await names()).toBe(''))`,
  },
  'a server that a file left restarted with its data, or stopped': {
    ...resettingProject("walMode: 'write'"),
    'a.test.ts': `${start()}
      test('restarts it', async () => {
        await rows.add('row')
        await tarantool.restart()
        await rows.expect('row')
      })`,
    'b.test.ts': `${start()}
      await rows.expect('')
      test('next file', async () => {
        await rows.expect('')
        await rows.add('row')
        await tarantool.stop()
        await tarantool.start()
        await tarantool.stop()
      })`,
    'c.test.ts': `${start()}
      await rows.expect('')
      await rows.add('top')
      await tarantool.restart()
      test('the one after', () => rows.expect('top'))
      test('and again', () => rows.expect('top'))`,
    'd.test.ts': `${start()}
      test('last', () => rows.expect(''))`,
  },
  "isolation: 'file' keeps what tests did until the file ends": {
    ...resettingProject("isolation: 'file'"),
    'a.test.ts': `${start()}
      const { pid } = tarantool
      beforeAll(() => rows.add('file'))
      test('first', async () => {
        await rows.expect('file')
        await rows.add('first')
      })
      describe('a suite', () => {
        beforeAll(() => rows.add('suite'))
        test('in it', () => rows.expect('file first suite'))
      })
      test.concurrent('kept', () => rows.expect('file first suite'))
      test('but for reset()', async () => {
        await tarantool.reset()
        await rows.expect('file')
      })
      describe('a suite whose tests are undone', () => {
        useTarantool({ isolation: 'reset' })
        for (const name of ['one', 'two']) {
          test(name, async () => {
            await rows.expect('file')
            await rows.add(name)
          })
        }
      })
      test('the same server', () => expect(tarantool.pid).toBe(pid))`,
    'b.test.ts': `${start()}
      await rows.expect('')
      test('next file', () => rows.expect(''))`,
  },
  "a suite asks for 'reset' where nothing is recorded": {
    ...resettingProject("isolation: 'none'"),
    'a.test.ts': `${start()}
      beforeAll(async () => {
        await rows.expect('')
        await rows.add('file')
      })
      test('first', () => rows.add('first'))
      test('second', () => rows.expect('file first'))
      describe('a suite', () => {
        useTarantool('default', { isolation: 'reset' })
        beforeAll(() => rows.add('suite'))
        for (const name of ['one', 'two']) {
          test(name, async () => {
            await rows.expect('file first suite')
            await rows.add(name)
          })
        }
      })`,
    'b.test.ts': `${start()}
      test('next file', async () => {
        expect((await tarantool.call('names'))[0]).toContain('first')
        await tarantool.reset()
      })`,
    'c.test.ts': `${start("{ isolation: 'none' }")}
      const own = useTarantool({ config: {}, isolation: 'restart' })
      test('reset() where nothing is recorded', async () => {
        await expect(own.reset()).rejects.toThrow(/does not record.*ERR_TARANTOOL_RESET.*\\n.*isolation: 'reset' or 'file'/)
      })`,
  },
  'reset() by hand, in each isolation': {
    ...resettingProject(),
    ...Object.fromEntries(
      ['reset', 'file', 'none', 'restart', 'process'].map(isolation => [
        `${isolation}.test.ts`,
        `${start(`{ isolation: '${isolation}' }`)}
        const left = hooks => ('${isolation}' === 'reset' ? hooks : '')
        test('the first thing that a file does', async () => {
          await rows.add('one')
          await tarantool.reset()
          await rows.expect('')
        })
        describe('in a suite', () => {
          beforeAll(() => rows.add('hook'))
          for (const number of [1, 2]) {
            test('number ' + number, async () => {
              await rows.add('once')
              await tarantool.reset()
              await rows.expect(left('hook'))
              await rows.add('twice')
              await tarantool.reset()
              await rows.expect(left('hook'))
            })
          }
        })`,
      ]),
    ),
    'describes.test.ts': `${start()}
      beforeAll(() => rows.add('file'))
      for (const isolation of ['reset', 'file', 'none', 'restart', 'process']) {
        describe(isolation, () => {
          useTarantool({ isolation })
          for (const number of [1, 2]) {
            test('number ' + number, async () => {
              await rows.add('row')
              await tarantool.reset()
              await rows.expect(['restart', 'process'].includes(isolation) ? '' : 'file')
              await rows.add('left')
            })
          }
        })
        test('after ' + isolation, () => rows.expect('file'))
      }`,
  },
  "lease: 'on-use'": {
    ...resettingProject("lease: 'on-use'"),
    'a.test.ts': `${start()}
      beforeAll(() => rows.add('file'))
      for (const name of ['one', 'two']) {
        test(name, async () => {
          await rows.expect('file')
          await rows.add(name)
        })
      }`,
    'b.test.ts': `
      import { test } from 'tarantool-fixture/vitest'
      import { describe } from 'vitest'
      import { rowsOf } from './rows.ts'
      describe('a suite', () => {
        for (const name of ['one', 'two']) {
          test(name, async ({ tarantool }) => {
            await rowsOf(tarantool).expect('')
            await rowsOf(tarantool).add(name)
          })
        }
      })`,
    'c.test.ts': `
      import { useTarantool } from 'tarantool-fixture/vitest'
      import { beforeAll, describe, test } from 'vitest'
      import { rowsOf } from './rows.ts'
      for (const name of ['one', 'two']) {
        describe('a suite ' + name, () => {
          const tarantool = useTarantool()
          const rows = rowsOf(tarantool)
          beforeAll(async () => {
            await rows.expect('')
            await rows.add('suite')
          })
          describe('nested', () => {
            beforeAll(() => rows.add('nested'))
            test('first', () => rows.expect('nested suite'))
          })
          test('second', () => rows.expect('suite'))
        })
      }`,
  },
  'servers of a file, and of a suite': {
    ...resettingProject('servers: { default: {}, other: {} }'),
    'a.test.ts': `${start("{ config: {}, isolation: 'reset' }")}
      const others = rowsOf(useTarantool('other'))
      beforeAll(async () => {
        await rows.add('file')
        await others.add('other file')
      })
      for (const name of ['one', 'two']) {
        describe(name, () => {
          const own = rowsOf(useTarantool({ config: {} }))
          beforeAll(async () => {
            await own.add(name)
            await others.add(name)
            await rows.add(name)
          })
          for (const test1 of ['first', 'second']) {
            test(test1, async () => {
              await rows.expect(['file', name].join(' '))
              await others.expect([name, 'other file'].sort().join(' '))
              await own.expect(name)
              for (const { add } of [rows, others, own]) await add(test1)
            })
          }
        })
      }
      test('at the end', async () => {
        await rows.expect('file')
        await others.expect('other file')
      })`,
  },
}

describe.each([...vitests, ...jests])('$name', runner => {
  test.for(inTurn(runner, Object.entries(projects)))('%s', async ([, files], { skip }) => {
    const isConcurrent = Object.values(files).some(text => text.includes('test.concurrent'))
    skip(runner.name === 'jest-29' && isConcurrent, 'Jest 29 runs concurrent tests before all others')
    const { exitCode, output } = await runUnder(runner, files)
    expect(exitCode, output).toBe(0)
  })
})

describe.each(oneOfEach)('$name', runner => {
  test('a server that is stuck', async () => {
    const { project, output } = await runUnder(runner, {
      ...resettingProject(),
      'a.test.ts': `${start()}
        let answer
        test('leaves it running in circles', async () => {
          await rows.add('before')
          answer = tarantool.eval('require("log").info("in circles") while true do end').catch(() => {})
          await tarantool.waitForLog('in circles')
        })
        test('is told so', () => {})
        test('has another', () => rows.expect(''))`,
    })
    expect(output).not.toMatch(/Unhandled/)
    expect(outcomes(project)).toEqual({
      'leaves it running in circles': 'passed',
      'is told so': expect.stringMatching(
        /ResetError: Tarantool\[.*before this test: it does not answer[\s\S]*in circles/,
      ),
      'has another': 'passed',
    })
    expect(project.servers()).toEqual([])
  })
})

// Jest has tests of its own for that.
describe.each(vitests)('$name', runner => {
  test('concurrent tests', async () => {
    const project = new Project(runner, {
      ...resettingProject("servers: { default: {}, restarted: { isolation: 'restart' } }"),
      'a.test.ts': `${start('', '\nconst { pid } = tarantool')}
        test.concurrent('beside others', () => {})
        describe.concurrent('a concurrent suite', () => {
          test('in it', () => {})
          test('one after the other, in it', { concurrent: false }, () => {})
        })
        describe('a suite', () => {
          useTarantool({ isolation: 'file' })
          test.concurrent('shares', () => rows.add('shared'))
          test.concurrent('shares, too', () => rows.add('shared'))
        })
        describe('restarted', () => {
          useTarantool('restarted')
          useTarantool({ isolation: 'file' })
          test.concurrent('beside others, restarted', () => {})
        })
        test('alone', () => rows.expect(''))`,
      'b.test.ts': `
        import { test } from 'vitest'
        test.concurrent('uses no server', () => {})`,
    })
    await project.run(['run', ...withJsonReport])
    const refusal = (isolation: string): unknown =>
      expect.stringMatching(
        new RegExp(
          `SetupError: concurrent tests .*isolation is '${isolation}'.*ERR_TARANTOOL_SETUP.*\\n.*isolation: 'file'`,
        ),
      )
    expect(outcomes(project)).toEqual({
      'beside others': refusal('reset'),
      'in it': refusal('reset'),
      'one after the other, in it': refusal('reset'),
      shares: 'passed',
      'shares, too': 'passed',
      'beside others, restarted': refusal('restart'),
      alone: 'passed',
      'uses no server': 'passed',
    })
  })
})
