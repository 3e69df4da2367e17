import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  Decimal,
  InitScriptError,
  type InstanceOptions,
  InvalidOptionError,
  SeedError,
  TarantoolInstance,
  Uuid,
} from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import {
  contentOf,
  newInstance,
  startInstance,
  temporaryDirectory,
  useOwnCache,
  writeFiles,
} from '../support/instances.ts'

useOwnCache()

const appLua = `
  local users = box.schema.space.create('users', { if_not_exists = true, format = {
    { 'id', 'unsigned' }, { 'name', 'string' }, { 'email', 'string', is_nullable = true } } })
  users:create_index('primary', { if_not_exists = true })
  users:create_index('email', { unique = true, parts = { { 3, 'string', is_nullable = true } }, if_not_exists = true })
  box.schema.space.create('plain', { if_not_exists = true }):create_index('primary', { if_not_exists = true })`

const rowsOf = async (instance: TarantoolInstance, space: string): Promise<unknown> =>
  (await instance.eval(`return box.space.${space}:select{}`))[0]

async function failureOf(options: InstanceOptions): Promise<SeedError> {
  const error: unknown = await newInstance({ appLua, ...options })
    .start()
    .catch(error => error)
  expect(error).toBeInstanceOf(SeedError)
  return error as SeedError
}

describe('seedLua', () => {
  test('runs after appLua, as text or as a file, which may require what stands beside it', async () => {
    const directory = writeFiles({
      'seed/seed.lua': `for id, name in pairs(require('names')) do box.space.users:insert({ id, name }) end`,
      'seed/names.lua': `return { 'ann', 'bob' }`,
    })
    const file = await startInstance({ appLua, seedLua: join(directory, 'seed/seed.lua') })
    expect(await rowsOf(file, 'users')).toEqual([
      [1, 'ann'],
      [2, 'bob'],
    ])
    const text = await startInstance({ appLua, seedLua: `box.space.users:insert({ 3, 'cy' })` })
    expect(await rowsOf(text, 'users')).toEqual([[3, 'cy']])
  })

  test('an error in it has its file and line', async () => {
    const directory = writeFiles({ 'seed.lua': `local a = 1\n\nerror('no luck')` })
    const seedLua = join(directory, 'seed.lua')
    const error: InitScriptError = await startInstance({ appLua, seedLua }).then(
      () => expect.unreachable(),
      error => error,
    )
    expect(error).toBeInstanceOf(InitScriptError)
    expect(error).toMatchObject({ file: seedLua, line: 3 })
    expect(error.summary).toContain('no luck')
  })

  test.each(['none', 'write'] as const)('runs once in the life of the data, wal_mode %s', async walMode => {
    const instance = await startInstance({ appLua, walMode, seedLua: `box.space.plain:auto_increment({ 'seeded' })` })
    await instance.restart()
    // Without a WAL the data is lost, and made again; with one it was kept.
    expect(await rowsOf(instance, 'plain')).toEqual([[1, 'seeded']])
    await instance.eval('box.space.plain:insert({ 5 })')
    await instance.restart({ recreate: true })
    expect(await rowsOf(instance, 'plain')).toEqual([[1, 'seeded']])
  })
})

describe('seed', () => {
  test('takes rows in code: objects by the format, and tuples', async () => {
    const instance = await startInstance({
      appLua,
      seed: {
        users: [{ name: 'ann', id: 1 }, [2, 'bob', null], { id: 2n ** 60n, name: 'cy', email: 'cy@example.org' }],
        plain: [[1, { deep: [1, null] }]],
      },
    })
    expect(await rowsOf(instance, 'users')).toEqual([
      [1, 'ann'],
      [2, 'bob', null],
      [2n ** 60n, 'cy', 'cy@example.org'],
    ])
    expect(await rowsOf(instance, 'plain')).toEqual([[1, { deep: [1, null] }]])
  })

  test('values of all types reach the fields that ask for them', async context => {
    skipWithout('uuids', context)
    const id = new Uuid('64d22e4d-ac92-4a23-899a-e59f34af5479')
    const typed = `
      box.schema.space.create('typed', { format = { { 'id', 'uuid' }, { 'price', 'decimal' }, { 'ratio', 'double' },
        { 'bytes', 'varbinary', is_nullable = true } } }):create_index('primary', { parts = { 2, 'decimal' } })`
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => index % 256)
    const instance = await startInstance({
      appLua: typed,
      seed: {
        typed: [
          { id, price: new Decimal('1.10'), ratio: 1, bytes: Uint8Array.of(0, 255) },
          { id: String(id), price: '2.20', ratio: 0.5 },
          [id, 3, 3, bytes],
        ],
      },
    })
    expect(await rowsOf(instance, 'typed')).toEqual([
      [id, new Decimal('1.10'), 1, Uint8Array.of(0, 255)],
      [id, new Decimal('2.20'), 0.5],
      [id, new Decimal('3'), 3, bytes],
    ])
  })

  test('takes files: one object of spaces, a list, and a row a line, in their order', async () => {
    const directory = writeFiles({
      'all.json': '{ "users": [{ "id": 1, "name": "ann" }], "plain": [[9007199254740993]] }',
      'plain.json': '[[2, {}], [3, []]]',
      'users.ndjson': '{"id": 2, "name": "bob"}\n\n[3, "cy"]\r\n{"id": 4, "name": "Dé"}',
    })
    const seed = ['all.json', 'plain.json', 'users.ndjson'].map(name => join(directory, name))
    const instance = await startInstance({ appLua, seed })
    expect(await rowsOf(instance, 'users')).toEqual([
      [1, 'ann'],
      [2, 'bob'],
      [3, 'cy'],
      [4, 'Dé'],
    ])
    // An integer that JSON.parse would round.
    expect(await rowsOf(instance, 'plain')).toEqual([[2, {}], [3, []], [9007199254740993n]])
  })

  test("the spaces of a .json file are filled in the file's order", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `space_${(index * 7) % 30}`)
    const directory = writeFiles({ 'all.json': JSON.stringify(Object.fromEntries(names.map(name => [name, [[1]]]))) })
    const ordered = `order = {}
      for i = 0, 29 do
        local name = 'space_' .. i
        local space = box.schema.space.create(name)
        space:create_index('primary')
        space:on_replace(function() table.insert(order, name) end)
      end`
    const instance = await startInstance({ appLua: ordered, seed: join(directory, 'all.json') })
    expect(await instance.eval('return order')).toEqual([names])
  })

  test('a field that a sequence fills may be left out', async () => {
    const counted = `box.schema.space.create('counted', { format = { { 'id', 'unsigned' }, { 'name', 'string' } } })
      :create_index('primary', { sequence = true })`
    const instance = await startInstance({ appLua: counted, seed: { counted: [{ name: 'a' }, [null, 'b']] } })
    expect(await rowsOf(instance, 'counted')).toEqual([
      [1, 'a'],
      [2, 'b'],
    ])
  })

  test('fills vinyl spaces, and runs after seedLua', async () => {
    const instance = await startInstance({
      appLua: `box.schema.space.create('v', { engine = 'vinyl' }):create_index('primary')`,
      walMode: 'write',
      seedLua: 'box.space.v:insert({ 1, box.space.v:count() })',
      seed: { v: [[2, 'after']] },
    })
    expect(await rowsOf(instance, 'v')).toEqual([
      [1, 0],
      [2, 'after'],
    ])
  })
})

describe('a bad row', () => {
  const files = {
    'users.ndjson': '{"id": 1, "name": "ann"}\n\n{"id": 2, "nam": "bob"}\n',
    'broken.ndjson': '[1]\n[2\n',
    'pretty.json': `{
  "plain": [[7, "[{", "\\"]"]],
  "users": [
    {
      "id": 1, "name": "}]"
    },
    {
      "id": "x", "name": "users"
    }
  ]
}`,
    'users.json': '[\n  [1, "ann"],\n  { "id": 1, "name": "bob" }\n]',
    'syntax.json': '{\n  "users": [\n    { "id" 1 }\n  ]\n}',
    'short.json': '{\n "users": [\n',
    'text.json': '{ "users": ["ann"] }',
    'person.ndjson': '[1]',
  }
  test.each([
    ['users.ndjson', { line: 3, space: 'users', field: 'nam' }, "there is no field 'nam'", "Did you mean 'name'?"],
    ['pretty.json', { line: 7, row: 1, field: 'id' }, 'must be of type unsigned, not "x"'],
    ['users.json', { line: 3, row: 1, field: 'id' }, "duplicate key (id: 1) in index 'primary' of space 'users'"],
    ['syntax.json', { line: 3 }, 'JSON'],
    ['short.json', { line: 2 }, 'JSON'],
    ['text.json', { row: 0 }, 'must be an object or an array, not "ann"'],
    ['broken.ndjson', { line: 2, space: 'broken' }, ''],
    ['person.ndjson', { space: 'person' }, "there is no space 'person'", 'Known names: broken, plain, users.'],
  ])('in %s is reported with its place', async (name, place, message, hint?: string) => {
    const file = join(writeFiles(files), name)
    const error = await failureOf({
      appLua: `${appLua} box.schema.space.create('broken'):create_index('primary')`,
      seed: file,
    })
    expect(error).toMatchObject({ ...place, file })
    expect(error.summary).toContain('line' in place ? `${file}:${place.line}` : file)
    expect(error.summary).toContain(message)
    if (hint !== undefined) expect(error.hint).toBe(hint)
  })

  test.each([
    ['a field that is missing', { users: [{ id: 1 }] }, 'name', "field 'name' of space 'users' is missing"],
    ['a null', { users: [{ id: 1, name: null }] }, 'name', "field 'name' of space 'users' is missing"],
    ['a short tuple', { users: [[1]] }, 'name', "field 'name' of space 'users' is missing"],
    ['a wrong type', { users: [[1, 5]] }, 'name', "field 'name' must be of type string, not 5"],
    [
      'a duplicate',
      {
        users: [
          [1, 'a', 'x'],
          [2, 'b', 'x'],
        ],
      },
      'email',
      'duplicate key (email: "x") in index',
    ],
    ['names without a format', { plain: [{ id: 1 }] }, 'id', "space 'plain' has no format"],
  ])('in code: %s', async (_, seed, field, message) => {
    const error = await failureOf({ seed })
    expect(error).toMatchObject({ field, space: Object.keys(seed)[0] })
    expect(error.summary).toContain(message)
    expect(error.summary).toMatch(/seed \(\w+\[\d\]\)/)
  })

  test('leaves neither a server nor a directory', async () => {
    const root = temporaryDirectory()
    const error = await failureOf({ root, seed: { nothing: [[1]] } })
    expect(error.summary).toContain("there is no space 'nothing'")
    expect(contentOf(root)).toEqual([])
  })

  test('a value that has no text form for its field', async context => {
    skipWithout('uuids', context)
    const app = `box.schema.space.create('t', { format = { { 'id', 'uuid' }, { 'p', 'decimal' } } })
      :create_index('primary', { parts = { 2, 'decimal' } })`
    expect((await failureOf({ appLua: app, seed: { t: [{ id: 'no-uuid', p: 1 }] } })).summary).toContain(
      `field 'id' must be a uuid, not "no-uuid"`,
    )
    expect((await failureOf({ appLua: app, seed: { t: [{ p: 'much' }] } })).summary).toContain(
      `field 'p' must be a decimal, not "much"`,
    )
  })
})

test.each([
  ['a number', 5 as never, InvalidOptionError, 'must be an object of rows by space'],
  ['a space that is no list', { users: { id: 1 } } as never, InvalidOptionError, 'users must be a list of rows'],
  [
    'a row that is none',
    [{ users: [1] }] as never,
    InvalidOptionError,
    'users[0] must be an object or an array, not 1',
  ],
  ['another kind of file', './users.csv', InvalidOptionError, 'the path of a .json or .ndjson file, not "./users.csv"'],
  ['a file that is not there', './nowhere.json', SeedError, 'does not exist'],
])('refuses %s', (_, seed: string, kind, message) => {
  expect(() => new TarantoolInstance({ seed })).toThrow(kind)
  expect(() => new TarantoolInstance({ seed })).toThrow(message)
})
