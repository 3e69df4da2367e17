import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { outcomes } from '../support/report.ts'
import { resettingProject } from '../support/reset.ts'
import { jests, vitests } from '../support/runners.ts'

// Connects to the server by its address, without `useTarantool`.
const byAddress = `
import TarantoolConnection from 'tarantool-driver'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
const { host, port } = inject('tarantool')
const connection = new TarantoolConnection({ host, port })
connection.on('error', () => {})
afterAll(() => connection.disconnect())
const names = async () => (await connection.call('names'))[0][0]
const add = async name => { await connection.call('add', name) }`

const unrelated = `
import { appendFileSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
const servers = () => readdirSync('/proc').filter(pid => {
  try {
    return readlinkSync('/proc/' + pid + '/cwd').startsWith(process.env.TMPDIR + '/')
      && /^(?!.*prefork).*boot\\.lua/.test(readFileSync('/proc/' + pid + '/cmdline', 'utf8'))
  } catch { return false }
})
beforeAll(() => {})
describe('a suite', () => {
  beforeAll(() => {})
  test('has nothing to do with it', () => {})
  test('nor has this', () => appendFileSync('servers.log', servers().sort().join(' ') + '\\n'))
})`

const reset = {
  'a.test.ts': `${byAddress}
    beforeAll(() => add('file'))
    test('first', async () => {
      expect(await names()).toBe('file')
      await add('first')
      await connection.eval('left = 1')
    })
    test('second', async () => {
      expect(await names()).toBe('file')
      expect(await connection.eval('return left')).toEqual([null])
    })
    describe('a suite', () => {
      beforeAll(() => add('suite'))
      beforeEach(() => add('each'))
      for (const name of ['third', 'fourth']) {
        test(name, async () => {
          expect(await names()).toBe('each file suite')
          await add(name)
        })
      }
    })
    test('last', async () => expect(await names()).toBe('file'))`,
  'b.test.ts': `${byAddress}
    test('finds nothing of the file before', async () => {
      expect(await names()).toBe('')
    })
    test('kills what it has used', async () => {
      const [pid] = await connection.eval('return box.info.pid')
      process.kill(pid, 'SIGKILL')
    })
    test('comes after that', () => {})`,
  'c.test.ts': `${unrelated}
    test('kills it', () => { for (const pid of servers()) process.kill(pid, 'SIGKILL') })
    test('hears nothing of it', () => {})`,
  'd.test.ts': `${byAddress}
    test('finds another server', async () => expect(await names()).toBe(''))`,
}

const told = expect.stringMatching(/ServerExitedError: .*was killed by SIGKILL (during|before) this test/)

describe.each([...vitests, ...jests])('$name', runner => {
  test("tests that only have the address, with 'reset'", async () => {
    const { project, output } = await runUnder(runner, { ...resettingProject(), ...reset })
    const results = outcomes(project)
    expect(output).not.toMatch(/Unhandled/)
    const { 'kills what it has used': kills, 'comes after that': next, ...others } = results
    // The worker may notice the death only after the test has ended.
    expect([kills, next]).toEqual(kills === 'passed' ? ['passed', told] : [told, 'passed'])
    expect(Object.entries(others).filter(([, outcome]) => outcome !== 'passed')).toEqual([])
  })

  test.each(['restart', 'process'])("the same with '%s': another process only after a client", async isolation => {
    const tests = (name: string): string => `${byAddress}
      const pids = new Set()
      for (const number of [1, 2]) {
        test('${name} ' + number, async () => {
          const [pid] = await connection.eval('return box.info.pid')
          expect(pids).not.toContain(pid)
          pids.add(pid)
          expect(await connection.eval('return left')).toEqual([null])
          await connection.eval('left = 1')
        })
      }`
    const { exitCode, output, project } = await runUnder(runner, {
      ...resettingProject(),
      'tarantool.ts': `
        import { defineTarantool } from 'tarantool-fixture/vitest/setup'
        export default defineTarantool({ isolation: '${isolation}' })`,
      'a.test.ts': unrelated,
      'b.test.ts': unrelated,
      'c.test.ts': tests('c'),
      'd.test.ts': tests('d'),
    })
    expect(exitCode, output).toBe(0)
    const [first, second, ...more] = project
      .read('servers.log')
      .trim()
      .split('\n')
      .map(pids => pids.split(' '))
    // A spare may be among them.
    expect(second).toContain(first?.[0])
    expect(more).toEqual([])
  })

  test('tests at once that only have the address are undone between files', async () => {
    const { exitCode, output } = await runUnder(runner, {
      ...resettingProject(),
      'a.test.ts': `${byAddress}
        test('before', () => add('before'))
        test.concurrent('beside', () => add('beside'))
        test.concurrent('beside, too', () => add('too'))
        test('after', async () => expect(await names()).toBe('before beside too'))`,
      'b.test.ts': `${byAddress}
        test('next file', async () => expect(await names()).toBe(''))`,
    })
    expect(exitCode, output).toBe(0)
  })
})
