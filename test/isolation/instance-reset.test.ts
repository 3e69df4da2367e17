import { expect, test } from 'vitest'
import { skipWithout } from '../support/features.ts'
import { newInstance, startInstance } from '../support/instances.ts'

const appLua = "box.schema.space.create('rows'):create_index('pk') box.space.rows:insert({ 1, 'kept' })"
const allRows = 'return box.space.rows:select()'

test('reset() brings an instance back to how it was when it was ready, in the same process', async () => {
  const instance = await startInstance({ appLua, recordChanges: true })
  const { pid } = instance
  for (let round = 0; round < 3; round++) {
    await instance.eval("box.space.rows:truncate() box.schema.space.create('more') leaked = true")
    await instance.reset()
    expect(await instance.eval(allRows)).toEqual([[[1, 'kept']]])
    expect(await instance.eval('return box.space.more == nil, leaked == nil')).toEqual([true, true])
  }
  expect(instance.pid).toBe(pid)
})

test.for([
  ['has written to a synchronous space', "box.space.orders:insert({ 2, 'of a test' })"],
  ['has dropped a synchronous space', 'box.space.orders:drop()'],
  ['has made a space asynchronous', 'box.space.orders:alter({ is_sync = false }) box.space.orders:insert({ 2 })'],
])(
  'reset() of a server whose queue of synchronous transactions is closed, after a test %s',
  async ([, change], context) => {
    skipWithout('box.ctl.demote', context)
    const ofOrders = "box.schema.space.create('orders', { is_sync = true }):create_index('pk') box.ctl.promote()"
    const insert = "box.space.orders:insert({ 1, 'kept' }) box.ctl.demote()"
    const instance = await startInstance({ appLua: `${ofOrders} ${insert}`, recordChanges: true })
    const { pid } = instance
    for (let round = 0; round < 2; round++) {
      await instance.command(`box.ctl.promote() ${change} box.ctl.demote()`)
      await instance.reset()
      const look = 'return box.space.orders:select(), box.space.orders.is_sync, box.info.synchro.queue.owner'
      expect(await instance.eval(look)).toEqual([[[1, 'kept']], true, 0])
    }
    expect(instance.pid).toBe(pid)
  },
)

test('reset() includes the seed in what it keeps', async () => {
  const instance = await startInstance({
    appLua,
    seed: { rows: [[2, 'seed']] },
    seedTemplate: false,
    recordChanges: true,
  })
  await instance.eval('box.space.rows:truncate()')
  await instance.reset()
  expect(await instance.eval(allRows)).toEqual([
    [
      [1, 'kept'],
      [2, 'seed'],
    ],
  ])
})

test.each([
  ['too much', 'for i = 1, 30000 do box.space.big:delete(i) end'],
  ['memory that grew', 'box.cfg({ memtx_memory = box.cfg.memtx_memory * 2 })'],
])('reset() after %s gives the instance a new process on its address', async (_, change) => {
  const big = `${appLua} box.schema.space.create('big'):create_index('pk')
    for i = 1, 100000 do box.space.big:insert({ i }) end`
  const instance = await startInstance({ appLua: big, recordChanges: true, timeout: 20_000 })
  const { pid, port } = instance
  await instance.eval(change)
  await instance.reset()
  expect(await instance.eval('return box.space.big:len()')).toEqual([100_000])
  expect(instance.port).toBe(port)
  expect(instance.pid).not.toBe(pid)
})

test('reset() of a server whose Lua never yields replaces it', async () => {
  const instance = await startInstance({ appLua, recordChanges: true, timeout: 1500, stopTimeout: 500 })
  const { pid } = instance
  const spinning = instance.eval("require('log').info('spins') while true do end").catch(error => error)
  await instance.waitForLog('spins')
  await instance.reset()
  expect(instance.pid).not.toBe(pid)
  expect(await spinning).toBeInstanceOf(Error)
  expect(await instance.eval(allRows)).toEqual([[[1, 'kept']]])
})

test.each(['tostring', 'pcall', 'type', 'next'])(
  'reset() of a server without %s, which its console needs',
  async name => {
    const instance = await startInstance({ appLua, recordChanges: true, timeout: 5000 })
    await instance.eval(`box.space.rows:truncate() ${name} = function() error('stubbed') end`)
    await instance.reset()
    expect(await instance.eval(allRows)).toEqual([[[1, 'kept']]])
    expect(await instance.eval(`return (pcall(${name}, _G))`)).toEqual([true])
  },
)

test('reset() says what is missing', async () => {
  const instance = newInstance({ appLua, recordChanges: true })
  await expect(instance.reset()).rejects.toMatchObject({ code: 'ERR_TARANTOOL_NOT_RUNNING' })
  const other = await startInstance({ appLua })
  await expect(other.reset()).rejects.toMatchObject({
    code: 'ERR_TARANTOOL_RESET',
    hint: 'Give it the option recordChanges: true.',
  })
})
