import { describe, expect, test } from 'vitest'
import type { InstanceOptions, TarantoolInstance } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { startInstance } from '../support/instances.ts'
import { ask } from './agent.ts'

// The triggers of the application, and those that a test sets, call these functions.
const functions = `
  function nop() end
  local named = {}
  -- Functions by name, so that lists can be read.
  function fn(name)
    named[name] = named[name] or function(_, new) calls = (calls or 0) + 1 return new end
    return named[name]
  end
  local function name_of(wanted)
    for name, trigger in pairs(named) do
      if trigger == wanted then return name end
    end
    -- A console that is open has one; what others have is the fixture's, which nobody should see.
    return debug.getinfo(wanted, 'S').source:match('^@builtin/box/console') and '' or 'unknown'
  end
  local function names_of(list)
    local names = {}
    for _, trigger in ipairs(list) do
      local name = name_of(trigger)
      if name ~= '' then table.insert(names, name) end
    end
    return table.concat(names, ' ')
  end
  -- All triggers that there are, as text.
  function triggers()
    local lines = {}
    local function add(title, text)
      if text ~= '' then table.insert(lines, title .. ': ' .. text) end
    end
    for _, space in pairs({ box.space.rows, box.space.v, box.space.temporary, box.space.other, box.space._space, box.space._user }) do
      for _, kind in ipairs({ 'on_replace', 'before_replace' }) do add(space.name .. '.' .. kind, names_of(space[kind](space))) end
    end
    for owner, events in pairs({
      session = { 'on_connect', 'on_disconnect', 'on_auth', 'on_access_denied' },
      ctl = { 'on_shutdown', 'on_schema_init', 'on_election', 'on_recovery_state' },
    }) do
      for _, event in ipairs(events) do
        local list = box[owner][event]
        if list then add(owner .. '.' .. event, names_of(list())) end
      end
    end
    local found, module = pcall(require, 'trigger')
    if found and type(module) == 'table' and module.info then
      for event, entries in pairs(module.info()) do
        local names = {}
        for _, entry in ipairs(entries) do
          -- Without a name of its own, it is the address of the function.
          local text = (entry[1]:match('^0x') and '' or entry[1] .. '=') .. name_of(entry[2])
          if text ~= '' then table.insert(names, text) end
        end
        add('event ' .. event, table.concat(names, ' '))
      end
    end
    table.sort(lines)
    return lines
  end`

const spaces = `
  box.schema.space.create('rows'):create_index('pk')
  box.schema.space.create('v', { engine = 'vinyl' }):create_index('pk')
  box.schema.space.create('temporary', { temporary = true }):create_index('pk')
  box.space.rows:insert({ 1, 'kept' }) box.space.v:insert({ 1, 'kept' })`

async function record(appLua = '', options: InstanceOptions = {}): Promise<TarantoolInstance> {
  return await startInstance({
    appLua: `${functions} ${spaces} ${appLua}`,
    recordChanges: true,
    walMode: 'write',
    ...options,
  })
}

const triggers = async (server: TarantoolInstance): Promise<string[]> => {
  const [lines] = await server.eval<[string[]]>('return triggers()')
  return lines
}

/** Makes every kind of change that an undo may have to handle. */
const changes: readonly (readonly [string, string])[] = [
  ['nothing else', ''],
  ['a row', "box.space.rows:replace({ 1, 'changed' })"],
  ['a row of vinyl', "box.space.v:replace({ 1, 'changed' })"],
  ['a new space', "box.schema.space.create('other'):create_index('pk')"],
  ['a truncation', 'box.space.rows:truncate()'],
  ['a dropped space', 'box.space.rows:drop() box.space.temporary:drop()'],
  [
    'another space in the place of a dropped one',
    "box.space.rows:drop() box.schema.space.create('rows'):create_index('pk') box.space.rows:on_replace(fn('other'))",
  ],
  ['a new name of a space', "box.space.rows:rename('other')"],
  ['a user', "box.schema.user.create('ann')"],
]

const ofApplication = `
  for _, space in pairs({ box.space.rows, box.space.v, box.space.temporary, box.space._space }) do
    space:on_replace(fn('one')) space:on_replace(fn('two')) space:on_replace(fn('three'))
    space:before_replace(fn('four')) space:before_replace(fn('five'))
  end
  for _, event in ipairs({ 'on_connect', 'on_disconnect', 'on_auth', 'on_access_denied' }) do
    box.session[event](fn('one')) box.session[event](fn('two'))
  end
  if box.ctl.on_shutdown then box.ctl.on_shutdown(fn('one')) box.ctl.on_shutdown(fn('two')) end`

const named = `${ofApplication}
  local trigger = require('trigger')
  for _, space in pairs({ box.space.rows, box.space.v, box.space.temporary, box.space._space }) do
    space:on_replace(fn('six'), nil, 'audit') space:on_replace(fn('seven'), nil, 'stock')
    trigger.set(('box.space.%s.on_replace'):format(space.name), 'by name', fn('eight'))
    trigger.set(('box.space.%s.before_replace'):format(space.name), 'by name', fn('nine'))
    trigger.set(('box.space[%d].on_replace'):format(space.id), 'by id', fn('ten'))
  end
  for _, event in ipairs({ 'box.on_commit', 'box.before_commit', 'box.on_rollback', 'box.on_commit.space.rows' }) do
    trigger.set(event, 'one', fn('one')) trigger.set(event, 'two', fn('two'))
  end
  box.session.on_disconnect(fn('six'), nil, 'audit')
  box.ctl.on_election(fn('six'), nil, 'audit') box.ctl.on_schema_init(fn('six'), nil, 'audit')
  trigger.set('shop.sold', 'one', fn('one')) trigger.set('shop.sold', 'two', fn('two'))
  trigger.set('tarantool.trigger.on_change', 'mine', fn('one'))`

const sets: readonly (readonly [string, string])[] = [
  ['none', ''],
  ['one more of a space', "box.space.rows:on_replace(fn('more')) box.space.v:on_replace(fn('more'))"],
  ['one more before a replace', "box.space.rows:before_replace(fn('more'))"],
  ['one fewer', "box.space.rows:on_replace(nil, fn('two')) box.space.v:before_replace(nil, fn('four'))"],
  ['one in the place of another', "box.space.rows:on_replace(fn('more'), fn('two'))"],
  [
    'all removed that are found',
    `for _, space in pairs({ box.space.rows, box.space.v, box.space._space }) do
      for _, kind in ipairs({ 'on_replace', 'before_replace' }) do
        for _, trigger in pairs(space[kind](space)) do pcall(space[kind], space, nil, trigger) end
      end
    end`,
  ],
  ['one more of the schema', "box.space._space:on_replace(fn('more')) box.space._user:before_replace(fn('more'))"],
  ['one more of sessions', "box.session.on_connect(fn('more')) box.session.on_access_denied(fn('more'))"],
  ['one fewer of sessions', "box.session.on_disconnect(nil, fn('one')) box.session.on_auth(nil, fn('two'))"],
  [
    'others of the server',
    "if box.ctl.on_shutdown then box.ctl.on_shutdown(nil, fn('one')) box.ctl.on_shutdown(fn('more')) end",
  ],
]

const namedSets: readonly (readonly [string, string])[] = [
  [
    'one with a name',
    "box.space.rows:on_replace(fn('more'), nil, 'more') box.space.v:on_replace(fn('more'), nil, 'm')",
  ],
  ['a name that goes', "box.space.rows:on_replace(nil, nil, 'audit') box.space._space:on_replace(nil, nil, 'stock')"],
  ['another of the same name', "box.space.rows:on_replace(fn('more'), nil, 'audit')"],
  [
    'one that goes and comes back',
    "box.space.rows:on_replace(nil, nil, 'audit') box.space.rows:on_replace(fn('six'), nil, 'audit')",
  ],
  [
    'by a table',
    "box.space.rows:on_replace({ name = 'audit' }) box.space.v:on_replace({ name = 't', func = fn('more') })",
  ],
  [
    'by the event of a space',
    "require('trigger').set('box.space.rows.on_replace', 'more', fn('more')) require('trigger').del('box.space[512].on_replace', 'audit')",
  ],
  ['an event of a space to come', "require('trigger').set('box.space.later.on_replace', 'more', fn('more'))"],
  [
    'events of transactions',
    "require('trigger').set('box.on_commit', 'two', fn('more')) require('trigger').del('box.on_rollback', 'one')",
  ],
  [
    'events of its own',
    "require('trigger').del('shop.sold', 'one') require('trigger').set('shop.sold', 'z', fn('more')) require('trigger').set('shop.lost', 'z', fn('more'))",
  ],
  [
    'events of sessions',
    "require('trigger').set('box.session.on_connect', 'more', fn('more')) box.session.on_disconnect(nil, nil, 'audit')",
  ],
  ['events of the server', "box.ctl.on_election(nil, nil, 'audit') box.ctl.on_recovery_state(fn('more'), nil, 'more')"],
  [
    'all removed that are found',
    `for event, entries in pairs(require('trigger').info()) do
      for _, entry in ipairs(entries) do require('trigger').del(event, entry[1]) end
    end
    for _, event in ipairs({ 'box.space[512].on_replace', 'box.space.rows.on_replace' }) do
      for name in require('trigger').pairs(event) do require('trigger').del(event, name) end
    end`,
  ],
]

async function checkAll(server: TarantoolInstance, pairs: readonly (readonly [string, string])[]): Promise<void> {
  const before = await triggers(server)
  const rows = await server.eval('return box.space.rows:select(), box.space.v:select()')
  await ask(server, 'enter', 1)
  const check = async (title: string, lua: string): Promise<void> => {
    await server.eval(lua)
    expect((await ask(server, 'enter', 1)).lost, title).toBeUndefined()
    expect(await triggers(server), title).toEqual(before)
    expect(await server.eval('return box.space.rows:select(), box.space.v:select()'), title).toEqual(rows)
  }
  for (const [what, change] of changes) await check(what, change)
  for (const [index, [title, set]] of pairs.entries()) {
    await check(title, set)
    // Each trigger is combined with some other changes of a test.
    for (const [what, change] of changes.filter((_, other) => other % 3 === index % 3)) {
      await check(`${title}, ${what}`, `${set} ${change}`)
    }
  }
}

describe('triggers that a test sets, replaces and removes are put back, in their order', () => {
  test('where the application has none', async () => {
    await checkAll(
      await record(),
      sets.filter(([, lua]) => !/nil, fn|, fn\('two/.test(lua)),
    )
  })

  test('where the application has some', async () => {
    await checkAll(await record(ofApplication), sets)
  })

  test('with their names', async context => {
    skipWithout('named triggers', context)
    await checkAll(await record(named), [...sets, ...namedSets])
  })

  test('those of a suite when it ends', async () => {
    const server = await record(ofApplication)
    const before = await triggers(server)
    await ask(server, 'enter', 1)
    await server.eval("box.space.rows:on_replace(fn('more')) box.session.on_auth(fn('more'))")
    const ofSuite = await triggers(server)
    for (let round = 0; round < 2; round++) {
      await ask(server, 'enter', 2)
      await server.eval("box.space.rows:drop() box.session.on_auth(nil, fn('more'))")
    }
    await ask(server, 'rewind', 2)
    expect(await triggers(server)).toEqual(ofSuite)
    await ask(server, 'rewind', 1)
    expect(await triggers(server)).toEqual(before)
  })
})

test("no trigger of the application's hears of an undo", async () => {
  const server = await record(`
    local heard = {}
    local function hear(what) return function(_, new) heard[what] = (heard[what] or 0) + 1 return new end end
    for _, space in pairs({ box.space.rows, box.space.v, box.space._space, box.space._index, box.space._truncate }) do
      space:on_replace(hear('on_replace of ' .. space.name)) space:before_replace(hear('before_replace of ' .. space.name))
    end
    local found, module = pcall(require, 'trigger')
    if found and type(module) == 'table' and module.info then
      for _, event in ipairs({
        'box.on_commit', 'box.before_commit', 'box.on_rollback', 'box.on_commit.space.rows', 'box.before_commit.space[513]',
        'box.space.rows.on_replace', 'box.space.v.before_replace', 'box.space._space.on_replace',
      }) do module.set(event, 'counts', hear('event ' .. event)) end
    end
    function all_heard() return heard end`)
  for (const [what, change] of changes) {
    await ask(server, 'enter', 1)
    await server.eval(`fn = function() return function(_, new) return new end end ${change}`)
    const heard = await server.eval('return all_heard()')
    await ask(server, 'rewind', 1)
    expect(await server.eval('return all_heard()'), what).toEqual(heard)
  }
})

test('the triggers that record are not shown', async () => {
  const server = await record("box.space.rows:on_replace(fn('one')) box.space._space:on_replace(fn('one'))")
  await ask(server, 'enter', 1)
  await server.eval("box.schema.space.create('other'):create_index('pk') box.space.rows:create_index('second')")
  expect(
    await server.eval(`return #box.space.rows:on_replace(), #box.space.v:on_replace(nil, nil), #box.space.other:on_replace(),
      #box.space._space:on_replace(), #box.space._index:before_replace(), #box.space._user:on_replace()`),
  ).toEqual([1, 0, 0, 1, 0, 0])
  expect(await triggers(server)).not.toContainEqual(expect.stringContaining('unknown'))
})

test('a function of the schema that is a trigger comes and goes with the schema', async context => {
  skipWithout('functions of the schema as triggers', context)
  const server = await record(`
    box.schema.func.create('sold', { body = 'function() end', trigger = 'shop.sold' })
    require('trigger').set('shop.sold', 'lua', fn('one'))`)
  const names = async (): Promise<unknown> =>
    await server.eval(`local names = {}
      for name in require('trigger').pairs('shop.sold') do table.insert(names, name) end
      return names`)
  expect(await names()).toEqual([['lua', 'sold']])
  for (const change of [
    '',
    "require('trigger').set('shop.sold', 'more', fn('two'))",
    "require('trigger').del('shop.sold', 'lua') box.space.rows:delete(1)",
    "box.schema.func.create('more', { body = 'function() end', trigger = 'shop.sold' })",
  ]) {
    await ask(server, 'enter', 1)
    await server.eval(change)
    expect((await ask(server, 'rewind', 1)).lost, change).toBeUndefined()
    expect(await names(), change).toEqual([['lua', 'sold']])
  }
  // The trigger of a function comes back only with the function.
  for (const change of [
    "require('trigger').del('shop.sold', 'sold')",
    "require('trigger').set('shop.sold', 'sold', fn('two'))",
    "box.schema.func.drop('sold')",
  ]) {
    await ask(server, 'enter', 1)
    await server.eval(change)
    expect((await ask(server, 'rewind', 1)).lost, change).toBeUndefined()
    expect(await names(), change).toEqual([['lua', 'sold']])
  }
  // It cannot come back while something else needs the function.
  await server.eval(`box.schema.func.create('checks', { is_deterministic = true, body = 'function() return true end', trigger = 'shop.sold' })
    box.space.rows:alter({ constraint = { checked = 'checks' } })`)
  await ask(server, 'enter', 1)
  await server.eval("require('trigger').del('shop.sold', 'checks')")
  expect(await ask(server, 'rewind', 1)).toMatchObject({ lost: expect.stringContaining('function of the schema') })
})

test('functions of the schema keep their order among triggers, and their rights', async context => {
  skipWithout('functions of the schema as triggers', context)
  const server = await record(`
    local function create(name, ...) box.schema.func.create(name, { body = 'function() end', trigger = { ... } }) end
    local trigger = require('trigger')
    create('last', 'shop.sold', 'box.space.v.on_replace')
    trigger.set('shop.sold', 'lua', fn('one'))
    create('middle', 'shop.sold', 'shop.closed', 'box.space._space.on_replace')
    trigger.set('shop.closed', 'lua', fn('one'))
    seen = { count = 0 }
    trigger.set('box.space._func.on_replace', 'counts', function() seen.count = seen.count + 1 end)
    create('first', 'shop.sold', 'shop.closed')
    box.schema.user.create('seller')
    box.schema.user.grant('seller', 'execute', 'function', 'middle')`)
  const found = async (): Promise<unknown> =>
    await server.eval(`local found = {}
      for event in pairs(require('trigger').info()) do
        if event:match('^shop') or event:match('^box%.space%.[v_]') then
          found[event] = {}
          for name in require('trigger').pairs(event) do table.insert(found[event], name) end
        end
      end
      found.rights = #box.schema.user.info('seller')
      return found`)
  const before = await found()
  expect(before).toMatchObject([
    { 'shop.sold': ['first', 'middle', 'lua', 'last'], 'shop.closed': ['first', 'lua', 'middle'] },
  ])
  for (const change of [
    "box.schema.func.drop('last')",
    "box.schema.func.drop('middle')",
    "box.schema.func.drop('first') box.schema.func.drop('middle') box.schema.func.drop('last')",
    "require('trigger').del('shop.closed', 'middle')",
    "require('trigger').del('shop.sold', 'lua') require('trigger').set('shop.sold', 'lua', fn('two'))",
    'box.space.v:replace({ 9 }) box.space.rows:delete(1)',
    "box.schema.space.create('made') box.schema.func.drop('last')",
  ]) {
    await ask(server, 'enter', 1)
    await server.eval(change)
    const seen = await server.eval('return seen.count')
    expect((await ask(server, 'rewind', 1)).lost, change).toBeUndefined()
    expect(await server.eval('return seen.count'), change).toEqual(seen)
    expect(await found(), change).toEqual(before)
  }
})
