import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { outcomes } from '../support/report.ts'
import { oneOfEach } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const app = `
  local orders = box.schema.space.create('orders', { if_not_exists = true, format = { { 'id', 'unsigned' }, { 'total', 'unsigned' } } })
  orders:create_index('pk', { if_not_exists = true })
  function order(id, total) box.space.orders:replace({ id, total }) end`

const head = `
import { NotRecordedError, useTarantool } from 'tarantool-fixture/vitest'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
const tarantool = useTarantool()
const order = (id, total) => tarantool.call('order', id, total)
const inserted = (...rows) => ({ spaces: { orders: { inserted: rows.map(([id, total]) => ({ id, total })) } } })`

const changes = `${head}
beforeAll(async () => {
  await order(1, 10)
  expect(await tarantool.changesOf(() => order(2, 20))).toEqual(inserted([2, 20]))
  expect(await tarantool.changes()).toEqual(inserted([1, 10], [2, 20]))
})
beforeEach(() => order(3, 30))
test('has the changes of a test and of its beforeEach', async () => {
  expect(await tarantool.changes()).toEqual(inserted([3, 30]))
  await order(1, 11)
  expect(await tarantool.changes()).toMatchInlineSnapshot(\`
    {
      "spaces": {
        "orders": {
          "inserted": [
            {
              "id": 3,
              "total": 30,
            },
          ],
          "updated": [
            {
              "after": {
                "id": 1,
                "total": 11,
              },
              "before": {
                "id": 1,
                "total": 10,
              },
            },
          ],
        },
      },
    }
  \`)
})
test('has the changes of a piece of code', async () => {
  const inner = []
  const outer = await tarantool.changesOf(async () => {
    await order(4, 40)
    inner.push(await tarantool.changesOf(() => order(5, 50)))
    await order(6, 60)
  })
  expect(inner).toEqual([inserted([5, 50])])
  expect(outer).toEqual(inserted([4, 40], [5, 50], [6, 60]))
  expect(await tarantool.changes()).toEqual(inserted([3, 30], [4, 40], [5, 50], [6, 60]))
  await expect(tarantool.changesOf(() => { throw new Error('of the code') })).rejects.toThrow('of the code')
})
test('finds nothing of the others, and undoes all of its own', async () => {
  expect(await tarantool.eval('return box.space.orders:count()')).toEqual([3])
  await tarantool.changesOf(() => order(7, 70))
  await tarantool.reset()
  expect(await tarantool.changes()).toEqual({})
  expect(await tarantool.changesOf(() => tarantool.reset())).toEqual({ lost: expect.stringContaining('reset') })
})
describe('a suite with hooks', () => {
  beforeAll(async () => {
    await order(8, 80)
    await tarantool.changesOf(() => order(9, 90))
    expect(await tarantool.changes()).toEqual(inserted([8, 80], [9, 90]))
  })
  afterAll(async () => {
    expect(await tarantool.eval('return box.space.orders:get(9)[2]')).toEqual([90])
  })
  test('keeps the changes of its hooks', async () => {
    expect(await tarantool.changes()).toEqual(inserted([3, 30]))
    expect(await tarantool.eval('return box.space.orders:get(9)[2]')).toEqual([90])
  })
})
describe('file', () => {
  useTarantool({ isolation: 'file' })
  test('has the changes since the first test', async () => {
    await order(4, 40)
    expect(await tarantool.changes()).toEqual(inserted([3, 30], [4, 40]))
  })
  test('has them in the next test', async () => {
    expect(await tarantool.changesOf(() => order(5, 50))).toEqual(inserted([5, 50]))
    expect(await tarantool.changes()).toEqual(inserted([3, 30], [4, 40], [5, 50]))
  })
})
describe('restart', () => {
  useTarantool({ isolation: 'restart' })
  test('has the changes in its own server', async () => {
    expect(await tarantool.changes()).toEqual(inserted([3, 30]))
  })
})
test('is as it was', async () => {
  expect(await tarantool.eval('return box.space.orders:count()')).toEqual([3])
  expect(await tarantool.changes()).toEqual(inserted([3, 30]))
})
// A restart loses the changes of beforeAll, which later tests would expect.
test('says that they are lost', async () => {
  await tarantool.restart()
  expect(await tarantool.changes()).toEqual({ lost: expect.stringContaining('restarted') })
})`

const unrecorded = `${head}
const queue = useTarantool('queue')
test('nothing is recorded', async () => {
  await expect(queue.changes()).rejects.toThrow(NotRecordedError)
  await expect(queue.changesOf(() => {})).rejects.toThrow(/isolation: 'reset'/)
})`

describe.each(oneOfEach)('$name', runner => {
  test('changes() and changesOf()', async () => {
    const { project, output } = await runUnder(runner, {
      ...setUpWith("{ appLua: './app.lua', servers: { default: {}, queue: { isolation: 'none' } } }", 'maxWorkers: 1'),
      'app.lua': app,
      'changes.test.ts': changes,
      'unrecorded.test.ts': unrecorded,
    })
    const titles = [...`${changes}${unrecorded}`.matchAll(/^ *test\('([^']+)'/gm)].map(([, title]) => title)
    expect(outcomes(project), output).toEqual(Object.fromEntries(titles.map(title => [title, 'passed'])))
  })
})
