import { expect, test } from 'vitest'
import type { InstanceOptions, TarantoolInstance } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { startInstance } from '../support/instances.ts'
import { ask } from './agent.ts'

// What an application does beside the tests: while it is recorded, and while a reset is under way.
async function record(appLua: string, options: InstanceOptions = {}): Promise<TarantoolInstance> {
  return await startInstance({ appLua, recordChanges: true, ...options })
}

const digest = async (server: TarantoolInstance): Promise<unknown> =>
  await server.command("require('tarantool-fixture').isolation('digest')")

const user = `box.schema.user.create('ann', { password = 'secret' })
  box.schema.user.grant('ann', 'execute', 'universe')
  function as_ann(lua)
    local connection = require('net.box').connect(box.cfg.listen, { user = 'ann', password = 'secret' })
    local done, raised = pcall(connection.eval, connection, lua)
    connection:close()
    if not done then error(tostring(raised), 0) end
  end`

test.each([
  ['a row', 'box.space.rows:replace({ 1 }) box.space.rows:delete(2)'],
  ['a few rows, often', 'for i = 1, 5000 do box.space.rows:replace({ i % 3, i }) end'],
  ['no row, after a truncation', 'box.space.rows:truncate()'],
  ['rows whose keys a collation compares', "box.space.words:replace({ 'a' }) box.space.words:delete('B')"],
  [
    'a space of his own',
    "box.schema.space.create('own'):create_index('pk') box.space.own:insert({ 1 }) box.space.own:drop()",
  ],
])('a user who may write and not read leaves %s, and it is undone', async (_, lua) => {
  const server = await record(`${user}
    box.schema.space.create('rows'):create_index('pk')
    for i = 0, 3 do box.space.rows:insert({ i, 'kept' }) end
    box.schema.space.create('words'):create_index('pk', { parts = { { 1, 'string', collation = 'unicode_ci' } } })
    for _, word in ipairs({ 'A', 'b' }) do box.space.words:insert({ word, 'kept' }) end
    for _, name in ipairs({ 'rows', 'words' }) do
      box.schema.user.grant('ann', 'write', 'space', name)
    end
    for name, space in pairs(box.space) do
      if type(name) == 'string' and name:find('^_') and not name:find('^_v') then box.schema.user.grant('ann', 'read,write', 'space', name, { if_not_exists = true }) end
    end
    box.schema.user.grant('ann', 'create', 'space')`)
  const before = await digest(server)
  await ask(server, 'enter', 1)
  await server.command(`as_ann(${JSON.stringify(lua)})`)
  expect((await ask(server, 'rewind', 1)).lost).toBeUndefined()
  expect(await digest(server)).toEqual(before)
})

test.each([
  ['memtx', 'rows whose writer waits for the log', "box.space.rows:replace({ 1, 'x' }) box.space.rows:insert({ 3 })"],
  ['memtx', 'a truncation', 'box.space.rows:truncate()'],
  [
    'memtx',
    'a dropped space, and a new one',
    "box.space.rows:drop() box.schema.space.create('other'):create_index('pk')",
  ],
  ['vinyl', 'rows beside those of vinyl', "box.space.rows:replace({ 1, 'x' })"],
])('a fiber that writes %s all the time goes on over the undo of %s, and leaves nothing', async (engine, _, change) => {
  const server = await record(
    `box.schema.space.create('rows'):create_index('pk')
    for i = 1, 2 do box.space.rows:insert({ i, 'kept' }) end
    local busy = box.schema.space.create('busy', { engine = '${engine}' })
    busy:create_index('pk')
    for i = 1, 20 do busy:insert({ i, 'kept' }) end
    local fiber = require('fiber')
    -- So many that no level holds more changes than it takes.
    local writer = { left = 0 }
    package.loaded.writer = writer
    fiber.create(function()
      while true do
        while writer.left == 0 do fiber.sleep(0.001) end
        writer.left = writer.left - 1
        busy:replace({ writer.left % 50, writer.left })
        busy:delete(writer.left % 70)
      end
    end)`,
    { walMode: 'write' },
  )
  const before = await digest(server)
  await ask(server, 'enter', 1)
  for (let round = 0; round < 20; round++) {
    await server.command("require('writer').left = 2000")
    await server.command(change)
    expect((await ask(server, 'enter', 1)).lost).toBeUndefined()
    expect(await server.command('box.space.rows:select(), box.space.other == nil')).toEqual([
      [
        [1, 'kept'],
        [2, 'kept'],
      ],
      true,
    ])
  }
  // It has not ended of an error.
  await server.command("while require('writer').left > 0 do require('fiber').sleep(0.001) end")
  expect((await ask(server, 'rewind', 0)).lost).toBeUndefined()
  expect(await digest(server)).toEqual(before)
})

test("the application's triggers on the schema do not fire during the undo, and are there after it", async () => {
  const server = await record(`local fired = 0
    for _, name in ipairs({ '_space', '_index', '_truncate' }) do
      box.space[name]:on_replace(function() fired = fired + 1 end)
    end
    function count() return fired end
    box.schema.space.create('rows'):create_index('pk')`)
  for (let round = 0; round < 2; round++) {
    await ask(server, 'enter', 1)
    const [start] = await server.call<[number]>('count')
    await server.eval("box.space.rows:truncate() box.space.rows:drop() box.schema.space.create('other')")
    const [end] = await server.call<[number]>('count')
    expect(end).toBeGreaterThanOrEqual(start + 4)
    await ask(server, 'rewind', 1)
    expect(await server.call('count')).toEqual([end])
  }
})

test('a trigger that a test leaves on the schema is taken away', async () => {
  const server = await record('')
  await ask(server, 'enter', 1)
  await server.eval("box.space._space:before_replace(function() error('left') end)")
  await ask(server, 'rewind', 1)
  await server.eval("box.schema.space.create('rows')")
})

test("a suite's trigger on the schema stays as long as the suite, whatever its tests do with it", async () => {
  const server = await record('function left() end')
  const isThere = async (): Promise<unknown> =>
    await server.eval(`local triggers = box.space._space:before_replace()
      for _, trigger in ipairs(triggers) do if trigger == left then return true end end
      return false`)
  await ask(server, 'enter', 1)
  await server.eval('box.space._space:before_replace(left)')
  for (let round = 0; round < 2; round++) {
    await ask(server, 'enter', 2)
    expect(await isThere()).toEqual([true])
    await server.eval('box.space._space:before_replace(nil, left)')
    expect(await isThere()).toEqual([false])
  }
  await ask(server, 'enter', 2)
  await ask(server, 'enter', 1)
  expect(await isThere()).toEqual([false])
})

test('named triggers and those of events do not fire during the undo, and are there after it by their names', async context => {
  const server = await record(`local found, trigger = pcall(require, 'trigger')
    if not found then return end
    local fired = 0
    local function fire() fired = fired + 1 end
    local rows = box.schema.space.create('rows')
    rows:create_index('pk')
    rows:on_replace(fire, nil, 'mine')
    trigger.set('box.space.rows.on_replace', 'by name', fire)
    trigger.set('my.event', 'first', fire)
    trigger.set('my.event', 'second', fire)
    function count() return fired end
    function names()
      local list = {}
      for _, event in ipairs({ 'box.space.rows.on_replace', 'box.space[' .. box.space.rows.id .. '].on_replace', 'my.event' }) do
        for _, each in ipairs(trigger.info(event)[event] or {}) do
          -- What records has a number.
          if not each[1]:match('^0x') then table.insert(list, each[1]) end
        end
      end
      return unpack(list)
    end`)
  skipWithout('named triggers', context)
  const names = await server.call('names')
  expect(names).toEqual(['by name', 'mine', 'second', 'first'])
  for (const change of [
    'box.space.rows:replace({ 1 })',
    'box.space.rows:replace({ 1 }) box.space.rows:drop()',
    "require('trigger').del('my.event', 'first') require('trigger').set('my.event', 'first', print)",
    "require('trigger').set('box.space.rows.before_replace', 'left', function() error('left') end)",
    "require('trigger').set('box.space._space.before_replace', 'left', function() error('left') end)",
  ]) {
    await ask(server, 'enter', 1)
    await server.eval(change)
    const [fired] = await server.call<[number]>('count')
    await ask(server, 'enter', 1)
    expect(await server.call('names')).toEqual(names)
    expect(await server.call('count')).toEqual([fired])
    await server.eval("box.schema.space.create('own') box.space.rows:replace({ 2 })")
    expect(await server.call('count')).toEqual([fired + 2])
  }
})

test('a test that removes all triggers of a space is undone all the same', async () => {
  const server = await record("box.schema.space.create('rows'):create_index('pk')")
  await ask(server, 'enter', 1)
  await server.eval(`local rows = box.space.rows
    for _, trigger in ipairs(rows:on_replace()) do rows:on_replace(nil, trigger) end
    rows:insert({ 1 })`)
  expect(await ask(server, 'rewind', 1)).toMatchObject({ undone: 1 })
  expect(await server.eval('return box.space.rows:len()')).toEqual([0])
})

test('an application that removes the recording triggers, by a function it kept from before, gets a new server', async () => {
  const server = await record(`box.schema.space.create('rows'):create_index('pk')
    local on_replace = box.space.rows.on_replace
    function remove_all()
      for _, trigger in ipairs(on_replace(box.space.rows)) do on_replace(box.space.rows, nil, trigger) end
    end`)
  for (const keep of [1, 2]) {
    await ask(server, 'enter', keep)
    await server.eval('remove_all() box.space.rows:insert({ ... })', keep)
  }
  expect(await ask(server, 'rewind', 1)).toMatchObject({ lost: expect.stringContaining("changes of space 'rows'") })
})

test('objects that the application holds follow later changes of their space, after one that was dropped', async () => {
  const server = await record(`held = box.schema.space.create('rows')
    held:create_index('pk', { sequence = true })`)
  for (let round = 0; round < 2; round++) {
    await ask(server, 'enter', 1)
    await server.eval('box.space.rows:drop()')
    await ask(server, 'enter', 1)
    await server.eval(
      "box.space.rows:create_index('second', { parts = { 2, 'string' } }) held:insert({ box.NULL, 'x' })",
    )
    expect(await server.eval("return held == box.space.rows, held.index.second:get('x')")).toEqual([true, [1, 'x']])
    await ask(server, 'rewind', 1)
    expect(await server.eval('return held == box.space.rows, held.index.second == nil, held:len()')).toEqual([
      true,
      true,
      0,
    ])
  }
})
