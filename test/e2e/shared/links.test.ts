import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { oneOfEach } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const testFile = `
import { connect } from 'node:net'
import { useTarantool } from 'tarantool-fixture/vitest'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
const tarantool = useTarantool()
const tryToConnect = () => new Promise(resolve => {
  const socket = connect(Number(process.env.TARANTOOL_PORT), process.env.TARANTOOL_HOST)
  socket.once('data', data => {
    resolve(String(data).split(' ')[0])
    socket.destroy()
  })
  socket.once('error', error => resolve(error.code)).once('close', () => resolve('closed'))
})
const seen = () => tarantool.eval('seen = (seen or 0) + 1 return seen')
test('a link that is cut refuses clients, and not the handle', async () => {
  expect(await tryToConnect()).toBe('Tarantool')
  await tarantool.link.cut()
  expect(await tryToConnect()).toBe('ECONNREFUSED')
  expect(await seen()).toEqual([1])
})
test('the next test finds the link healed, and the data reset', async () => {
  expect(await tryToConnect()).toBe('Tarantool')
  expect(await seen()).toEqual([1])
})
describe('a suite whose hook has cut the link', () => {
  beforeAll(() => tarantool.link.cut())
  test.each([1, 2])('finds the link cut: %i', async () => {
    expect(await tryToConnect()).toBe('ECONNREFUSED')
    await tarantool.link.heal()
    expect(await tryToConnect()).toBe('Tarantool')
  })
  test('also after a restart', async () => {
    await tarantool.restart()
    expect(await tryToConnect()).toBe('ECONNREFUSED')
  })
})
test('the fault of a suite ends with the suite', async () => {
  expect(await tryToConnect()).toBe('Tarantool')
  await expect(tarantool.link.delay(-1)).rejects.toThrow('not -1')
})
describe('processes of its own', () => {
  useTarantool({ isolation: 'process' })
  beforeEach(() => tarantool.link.delay(1))
  test.each([1, 2])('have the link: %i', async () => {
    expect(await tryToConnect()).toBe('Tarantool')
    await tarantool.link.cut()
    expect(await tryToConnect()).toBe('ECONNREFUSED')
    expect(await seen()).toEqual([1])
  })
})
test('leaves the link cut', () => tarantool.link.cut())`

describe.each(oneOfEach)('$name', runner => {
  test('faults end with their test or suite', async () => {
    const { exitCode, output, project } = await runUnder(runner, {
      ...setUpWith('{ links: true, maxServers: 1 }'),
      'a.test.ts': testFile,
      'b.test.ts': testFile,
    })
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })

  test('a server without links says how to have one', async () => {
    const { output } = await runUnder(runner, {
      ...setUpWith('{}'),
      'a.test.ts': `
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { test } from 'vitest'
        const tarantool = useTarantool()
        test('cuts', () => tarantool.link.cut())`,
    })
    expect(output).toMatch(/server 'default' has no link/)
    expect(output).toMatch(/links: true/)
  })
})
