import { expect, test } from 'vitest'
import type { InstanceOptions, TarantoolInstance } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { startInstance } from '../support/instances.ts'
import { ask } from './agent.ts'

const rows = "box.schema.space.create('rows'):create_index('pk')"

async function record(appLua: string, options: InstanceOptions = {}): Promise<TarantoolInstance> {
  return await startInstance({ appLua, recordChanges: true, ...options })
}

/** Begins a transaction in a fiber of the server's own, which inserts a row and waits. */
async function leaveOpen(server: TarantoolInstance, space: string): Promise<void> {
  await server.eval(`local fiber = require('fiber')
    local open = { go_on = fiber.cond(), outcome = fiber.channel(1) }
    -- Where a reset does not look.
    debug.getregistry()['open transaction'] = open
    fiber.create(function()
      box.begin()
      box.space.${space}:insert({ 2, 'late' })
      open.go_on:wait()
      open.outcome:put((pcall(box.commit)))
    end)`)
}

/** Lets it go on to its commit. Gives whether that succeeded. */
async function commitOpen(server: TarantoolInstance): Promise<unknown[]> {
  return await server.eval(`local open = debug.getregistry()['open transaction']
    open.go_on:signal()
    return open.outcome:get(5)`)
}

test('says how many changes it undid', async () => {
  const server = await record(`${rows} for i = 1, 3 do box.space.rows:insert({ i, 'kept' }) end`)
  await ask(server, 'enter', 1)
  await server.eval("box.space.rows:replace({ 1, 'x' }) box.space.rows:delete(2) box.space.rows:insert({ 9 })")
  expect(await ask(server, 'enter', 1)).toMatchObject({ undone: 3 })
  expect(await server.eval('return box.space.rows:select()')).toEqual([
    [
      [1, 'kept'],
      [2, 'kept'],
      [3, 'kept'],
    ],
  ])
  expect(await ask(server, 'enter', 1)).toMatchObject({ undone: 0 })
})

test('a server that was not asked to record says so', async () => {
  const server = await startInstance()
  expect(await ask(server, 'rewind', 0)).toMatchObject({ lost: 'it does not record its changes' })
})

test('levels stand on each other: each is undone alone, and with all above it', async () => {
  const server = await record(rows)
  const has = async (...ids: number[]): Promise<void> => {
    expect(await server.eval('return box.space.rows:select()')).toEqual([ids.map(id => [id])])
  }
  const add = async (id: number): Promise<void> => {
    await server.eval('box.space.rows:insert({ ... })', id)
  }
  await add(1)
  await ask(server, 'enter', 1)
  await add(2)
  await ask(server, 'enter', 2)
  await add(3)
  await ask(server, 'enter', 2)
  await has(1, 2)
  await add(3)
  await ask(server, 'rewind', 2)
  await has(1, 2)
  await add(4)
  await ask(server, 'enter', 1)
  await has(1)
  await ask(server, 'enter', 2)
  await add(5)
  await ask(server, 'rewind', 0)
  await has()
})

test('a space of a suite records on the levels of its tests', async () => {
  const server = await record(rows)
  await ask(server, 'enter', 1)
  await server.eval("box.schema.space.create('suite'):create_index('pk') box.space.suite:insert({ 1 })")
  await ask(server, 'enter', 2)
  await server.eval('box.space.suite:truncate() box.space.suite:insert({ 2 })')
  await ask(server, 'enter', 2)
  expect(await server.eval('return box.space.suite:select()')).toEqual([[[1]]])
  await ask(server, 'rewind', 1)
  expect(await server.eval('return box.space.suite == nil')).toEqual([true])
})

// What a space had is kept as a whole after some thousand changes, and then it records no more.
test.each([
  ['many rows', 'for i = 1, 30000 do box.space.rows:replace({ i }) end'],
  ['a few rows, often', "for i = 1, 30000 do box.space.rows:replace({ i % 5, 'x' .. i }) end"],
])('brings a small space back after %s', async (_, writes) => {
  const server = await record(`${rows} for i = 1, 1000 do box.space.rows:insert({ i * 2, 'kept' }) end`)
  const dump = 'return require("digest").md5_hex(require("json").encode(box.space.rows:select()))'
  const before = await server.eval(dump)
  for (let round = 0; round < 2; round++) {
    await ask(server, 'enter', 1)
    await server.eval(writes)
    expect((await ask(server, 'rewind', 1)).lost).toBeUndefined()
    expect(await server.eval(dump)).toEqual(before)
  }
})

test.each([
  [
    'more changes than an undo is worth',
    `${rows} for i = 1, 100000 do box.space.rows:insert({ i }) end`,
    'for i = 1, 30000 do box.space.rows:delete(i) end',
    'more than 10000 changes were made',
  ],
  [
    'a big space that is truncated',
    `${rows} for i = 1, 50000 do box.space.rows:insert({ i }) end`,
    'box.space.rows:truncate()',
    'more than 10000 changes were made',
  ],
  [
    'vinyl that is truncated',
    "box.schema.space.create('v', { engine = 'vinyl' }):create_index('pk')",
    'box.space.v:truncate()',
    "vinyl space 'v' was truncated",
  ],
  [
    'vinyl that is dropped',
    "box.schema.space.create('v', { engine = 'vinyl' }):create_index('pk')",
    'box.space.v:drop()',
    "vinyl space 'v' was dropped",
  ],
  [
    'memory that grew',
    rows,
    'box.cfg({ memtx_memory = box.cfg.memtx_memory * 2 })',
    expect.stringContaining('memtx_memory'),
  ],
])('%s makes it ask for a new server, and not before it has to be undone', async (_, appLua, change, reason) => {
  const server = await record(appLua, { walMode: 'write', timeout: 30_000 })
  await ask(server, 'enter', 1)
  await server.eval(change)
  expect(await ask(server, 'enter', 1)).toMatchObject({ lost: reason })
  expect(await ask(server, 'rewind', 0)).toMatchObject({ lost: reason })
})

test("the application's triggers do not fire during the undo, and are there after it", async () => {
  const server = await record(`${rows}
    fired = 0
    box.space.rows:on_replace(function() fired = fired + 1 end)
    box.space.rows:before_replace(function(old, new) fired = fired + 1 return new end)
    box.space.rows:insert({ 1 })`)
  await ask(server, 'enter', 1)
  await server.eval('box.space.rows:delete(1) box.space.rows:insert({ 2 }) count = fired')
  await ask(server, 'rewind', 1)
  // The counter itself is a global, and is put back: what fired during the undo would have been lost with it.
  expect(await server.eval('local before = fired box.space.rows:replace({ 1 }) return fired - before')).toEqual([2])
  await ask(server, 'enter', 1)
  await server.eval('box.space.rows:drop()')
  await ask(server, 'rewind', 1)
  expect(await server.eval('local before = fired box.space.rows:replace({ 1 }) return fired - before')).toEqual([2])
})

test('a trigger that counts in an upvalue sees nothing of the undo', async () => {
  const server = await record(`${rows}
    local fired = 0
    box.space.rows:on_replace(function() fired = fired + 1 end)
    function count() return fired end
    box.space.rows:insert({ 1 })`)
  for (const change of ['delete(1)', 'truncate()', 'drop()', "rename('other')", 'format({ { "a", "unsigned" } })']) {
    await ask(server, 'enter', 1)
    await server.eval(`box.space.rows:${change}`)
    const fired = await server.call('count')
    await ask(server, 'rewind', 1)
    expect(await server.call('count'), change).toEqual(fired)
  }
})

test('a key that a collation takes for the same is one row', async () => {
  const server = await record(`
    box.schema.space.create('words'):create_index('pk', { parts = { { 1, 'string', collation = 'unicode_ci' } } })
    box.space.words:insert({ 'Word', 1 })`)
  await ask(server, 'enter', 1)
  await server.eval(`local words = box.space.words
    words:delete('word') words:insert({ 'WORD', 2 }) words:replace({ 'wOrd', 3 }) words:insert({ 'new' }) words:delete('NEW')`)
  await ask(server, 'rewind', 1)
  expect(await server.eval('return box.space.words:select()')).toEqual([[['Word', 1]]])
})

test('sequences go on from where they were', async () => {
  const server = await record(`
    box.schema.space.create('counted'):create_index('pk', { sequence = true })
    box.space.counted:insert({ nil, 'first' })
    box.schema.sequence.create('tens', { start = 10, step = 10, min = 10, max = 30, cycle = true }):next()
    box.schema.sequence.create('unused')`)
  const next = async (): Promise<unknown> =>
    await server.eval(
      "return box.space.counted:insert({ nil, 'more' })[1], box.sequence.tens:next(), box.sequence.unused:next()",
    )
  for (let round = 0; round < 2; round++) {
    await ask(server, 'enter', 1)
    expect(await next()).toEqual([2, 20, 1])
    await ask(server, 'enter', 2)
    expect(await next()).toEqual([3, 30, 2])
    await ask(server, 'enter', 3)
    expect(await next()).toEqual([4, 10, 3])
    await ask(server, 'enter', 3)
    expect(await next()).toEqual([4, 10, 3])
    await ask(server, 'rewind', 0)
  }
})

test('a transaction that another session left open is ended, and cannot be committed any more', async () => {
  const server = await record(
    "box.schema.space.create('v', { engine = 'vinyl' }):create_index('pk') box.space.v:insert({ 1, 'kept' })",
    { walMode: 'write' },
  )
  await ask(server, 'enter', 1)
  await leaveOpen(server, 'v')
  await ask(server, 'rewind', 1)
  expect(await commitOpen(server)).toEqual([false])
  expect(await server.eval('return box.space.v:select()')).toEqual([[[1, 'kept']]])
})

test('an application that takes its globals for strict is undone all the same', async () => {
  const server = await record(`${rows} require('strict').on()`)
  await ask(server, 'enter', 1)
  await server.eval("rawset(_G, 'leaked', 1) box.space.rows:insert({ 1 })")
  expect(await ask(server, 'rewind', 1)).toMatchObject({ undone: 2 })
  expect(await server.eval("return rawget(_G, 'leaked') == nil, box.space.rows:len()")).toEqual([true, 0])
})

test('a server that was made read-only is put back, too', async () => {
  const server = await record(rows)
  await ask(server, 'enter', 1)
  await server.eval('box.space.rows:insert({ 1 }) box.cfg({ read_only = true })')
  expect((await ask(server, 'rewind', 1)).lost).toBeUndefined()
  expect(await server.eval('return box.cfg.read_only, box.space.rows:len()')).toEqual([false, 0])
})

test('with the MVCC engine, a transaction of another session is ended', async context => {
  skipWithout('the MVCC engine', context)
  const server = await record(`${rows} box.space.rows:insert({ 1, 'kept' })`, {
    boxCfg: { memtx_use_mvcc_engine: true },
  })
  await ask(server, 'enter', 1)
  await leaveOpen(server, 'rows')
  await ask(server, 'rewind', 1)
  expect(await commitOpen(server)).toEqual([false])
  expect(await server.eval('return box.space.rows:select()')).toEqual([[[1, 'kept']]])
})
