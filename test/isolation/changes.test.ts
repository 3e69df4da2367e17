import { expect, test } from 'vitest'
import {
  Decimal,
  InvalidOptionError,
  NotRecordedError,
  type TarantoolInstance,
  TarantoolSyncInstance,
} from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { startInstance } from '../support/instances.ts'
import { ask } from './agent.ts'

const appLua = `
  local users = box.schema.space.create('users', { format = {
    { 'id', 'unsigned' }, { 'name', 'string' }, { 'age', 'unsigned', is_nullable = true },
  } })
  users:create_index('primary')
  for id, name in ipairs({ 'ann', 'bob', 'carl' }) do users:insert({ id, name }) end
  local words = box.schema.space.create('words')
  words:create_index('primary', { type = 'HASH', parts = { { 1, 'string' }, { 2, 'unsigned' } } })
  for i = 1, 3 do words:insert({ 'word', i }) end
  box.schema.sequence.create('numbers')
  shop = { till = { open = function() return 'opened' end } }
  payment = { charge = function() return 'charged' end }
  package.loaded.payment = payment`

const record = async (): Promise<TarantoolInstance> =>
  await startInstance({ appLua, recordChanges: true, walMode: 'write' })

test('rows, by the names of the format, in the order of the primary key', async () => {
  const server = await record()
  expect(await server.changes()).toEqual({})
  await server.eval(`local users, words = box.space.users, box.space.words
    users:insert({ 20, 'zoe', 7 }) users:insert({ 10, 'yan', box.NULL, 'beyond the format' })
    users:update(1, { { '=', 2, 'anna' } }) users:delete(2) users:delete(3) users:insert({ 3, 'carl' })
    words:insert({ 'word', 10 }) words:insert({ 'a', 9007199254740993ULL }) words:delete({ 'word', 2 })`)
  const changes = {
    spaces: {
      users: {
        inserted: [
          { id: 10, name: 'yan', age: null, 4: 'beyond the format' },
          { id: 20, name: 'zoe', age: 7 },
        ],
        updated: [{ before: { id: 1, name: 'ann' }, after: { id: 1, name: 'anna' } }],
        deleted: [{ id: 2, name: 'bob' }],
      },
      words: {
        inserted: [
          ['a', 9007199254740993n],
          ['word', 10],
        ],
        deleted: [['word', 2]],
      },
    },
  }
  expect(await server.changes()).toEqual(changes)
  await ask(server, 'enter', 1)
  await server.eval('box.space.users:delete(10)')
  // The lowest level is undone with the one above it.
  changes.spaces.users.inserted.shift()
  expect(await server.changes()).toEqual(changes)
  await server.reset()
  expect(await server.changes()).toEqual({})
})

test('rows of spaces that are new, dropped, truncated, made again and renamed', async () => {
  const server = await record()
  await server.eval(`box.schema.space.create('made'):create_index('pk') for i = 1, 5 do box.space.made:insert({ i }) end
    box.space.words:truncate() box.space.words:insert({ 'word', 2 }) box.space.words:insert({ 'word', 9 })`)
  expect((await server.changes({ limit: 2 })).spaces).toEqual({
    made: { inserted: [[1], [2]], more: { inserted: 3 } },
    words: {
      inserted: [['word', 9]],
      deleted: [
        ['word', 1],
        ['word', 3],
      ],
    },
  })
  await server.reset()
  await server.eval(`box.space.users:drop() box.space.words:rename('terms')
    local users = box.schema.space.create('users') users:create_index('primary')
    users:insert({ 1, 'ann' }) users:insert({ 2, 'bea' })`)
  const { spaces, schema } = await server.changes()
  const rows = [1, 2, 3].map(number => ['word', number])
  expect(spaces).toEqual({
    terms: { inserted: rows },
    words: { deleted: rows },
    users: { updated: [{ before: { id: 2, name: 'bob' }, after: [2, 'bea'] }], deleted: [{ id: 3, name: 'carl' }] },
  })
  expect(Object.keys(schema?.spaces ?? {})).toEqual(['terms', 'users', 'words'])
  expect(Object.keys(schema?.indexes ?? {})).toEqual(['terms.primary', 'words.primary'])
})

test('the schema, by names', async () => {
  const server = await record()
  await server.eval(`box.session.su('admin')
    box.schema.space.create('made', { format = { { 'id', 'unsigned' } } }):create_index('pk', { sequence = 'numbers' })
    box.schema.user.create('joe', { password = 'one' }) box.schema.user.grant('joe', 'read,write', 'space', 'made')
    box.schema.role.create('clerk') box.schema.sequence.alter('numbers', { step = 5 })
    box.space.users:create_index('name', { parts = { { 2, 'string' } }, unique = false })`)
  expect(await server.changes()).toEqual({
    schema: {
      spaces: { made: { after: { engine: 'memtx', format: [{ name: 'id', type: 'unsigned' }] } } },
      indexes: {
        'made.pk': { after: { type: 'TREE', unique: true, parts: [{ field: 1, type: 'unsigned' }] } },
        'users.name': { after: { type: 'TREE', parts: [{ field: 2, type: 'string' }] } },
      },
      autoIncrements: { made: { after: { sequence: 'numbers', field: 1 } } },
      sequences: {
        numbers: { before: expect.objectContaining({ step: 1 }), after: expect.objectContaining({ step: 5 }) },
      },
      users: { joe: { after: { auth: ['chap-sha1'] } } },
      roles: { clerk: { after: {} } },
      privileges: expect.objectContaining({ 'joe: space made': { after: 'read,write' } }),
    },
  })
  await ask(server, 'enter', 1)
  await server.eval("box.schema.user.passwd('joe', 'other')")
  expect((await server.changes()).schema?.users).toEqual({ joe: { after: { auth: ['chap-sha1'] } } })
})

test('sequences, globals, functions, modules and options of box.cfg', async () => {
  const server = await record()
  await server.eval(`counter = 1 shop.till.open = print require('fiber').sleep = print payment.charge = print
    package.loaded.payment = {} box.cfg({ too_long_threshold = 7 })
    box.sequence.numbers:next() box.sequence.numbers:next()`)
  expect(await server.changes()).toEqual({
    sequences: { numbers: { after: 2 } },
    globals: ['counter'],
    functions: ['fiber.sleep', 'payment.charge', 'shop.till.open'],
    modules: ['payment'],
    cfg: { too_long_threshold: { before: 0.5, after: 7 } },
  })
})

test('under stubs of the functions that a description needs', async () => {
  const server = await record()
  await server.reset()
  await server.eval(`local function fail() error('stubbed') end
    for _, name in ipairs({ 'get', 'pairs', 'select', 'len' }) do box.space.users[name] = fail end
    box.space.users:insert({ 4, 'dora' })
    table.sort, os.time, require('msgpack').encode = fail, fail, fail`)
  expect(await server.changes()).toMatchObject({ spaces: { users: { inserted: [{ id: 4, name: 'dora' }] } } })
})

test('exact values', async context => {
  skipWithout('decimals', context)
  const server = await record()
  await server.eval("box.space.words:insert({ 'word', 4, require('decimal').new('1.10') })")
  expect((await server.changes()).spaces).toEqual({ words: { inserted: [['word', 4, new Decimal('1.10')]] } })
})

test.each([
  ['for i = 1, 5000 do box.space.many:delete(i) end', 'for i = 5001, 11000 do box.space.many:delete(i) end'],
  ["box.schema.space.create('v', { engine = 'vinyl' }):create_index('pk')", ''],
])('records that were given up: %s', async (change, more) => {
  const server = await startInstance({
    appLua: `box.schema.space.create('many'):create_index('pk') for i = 1, 30000 do box.space.many:insert({ i }) end`,
    recordChanges: true,
    walMode: 'write',
  })
  await server.eval(change)
  expect((await server.changes()).lost).toBeUndefined()
  await ask(server, 'enter', 1)
  await server.eval(more || 'box.space.v:truncate()')
  const lost = more ? undefined : "vinyl space 'v' was truncated"
  expect((await server.changes()).lost).toBe(lost)
  if (more) await server.eval('for i = 11001, 16000 do box.space.many:delete(i) end')
  expect(await server.changes()).toEqual({ lost: lost ?? 'more than 10000 changes were made' })
})

test('bad input', async () => {
  const server = await startInstance()
  await expect(server.changes()).rejects.toThrow(NotRecordedError)
  await expect(server.changes()).rejects.toThrow('does not record its changes')
  await expect(server.changes({ limit: -1 })).rejects.toThrow(InvalidOptionError)
  const master = await startInstance({ walMode: 'write' })
  const replica = await startInstance({
    walMode: 'write',
    replicationSource: master.uri,
    boxCfg: { read_only: true },
    recordChanges: true,
  })
  await expect(replica.changes()).rejects.toThrow(/does not record its changes: it is a replica/)
})

test('the blocking class', () => {
  using server = new TarantoolSyncInstance({ appLua, recordChanges: true }).start()
  server.eval("box.space.users:insert({ 4, 'dora' })")
  expect(server.changes()).toEqual({ spaces: { users: { inserted: [{ id: 4, name: 'dora' }] } } })
})
