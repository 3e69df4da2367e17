import { afterAll, beforeAll, describe, expect, onTestFailed, onTestFinished, test } from 'vitest'
import { TarantoolInstance } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { ask } from './agent.ts'

/** Functions for the cases. `parent` is an SQL table, whose name is upper case in some versions. */
const helpers = `
  function sql(text)
    local done, problem = box.execute(text)
    if problem ~= nil then error(problem) end
    return done
  end
  function named(name) return box.space[name] or box.space[name:upper()] end
  function child(name, of, options)
    options = options or {}
    local space = box.schema.space.create(name, { format = {
      { 'id', 'unsigned' }, { name = 'of', type = 'integer', is_nullable = true, foreign_key = { space = of.name, field = of:format()[1].name } },
    } })
    space:create_index('pk')
    if options.indexed ~= false then space:create_index('of', { unique = false, parts = { { 2, 'integer', is_nullable = true } } }) end
    return space
  end
  function everything()
    local text = {}
    for _, definition in box.space._space:pairs({ 512 }, { iterator = 'GE' }) do
      local space = box.space[definition[1]]
      if space.engine == 'memtx' and not space.is_view then
        for _, row in space:pairs() do table.insert(text, space.name .. require('json').encode(row)) end
      end
    end
    for _, name in ipairs({ '_space', '_index', '_func', '_fk_constraint', '_ck_constraint' }) do
      for _, row in ipairs(box.space[name] and box.space[name]:select() or {}) do table.insert(text, name .. require('json').encode(row)) end
    end
    return text
  end`

const tables = `
  if not box.execute then return end
  sql('CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT)')
  sql("INSERT INTO parent VALUES (10, 'ten'), (20, 'twenty')")`

interface Case {
  readonly name: string
  /** The changes on each level; the last level is the test's. */
  readonly levels: readonly string[]
  /** Needs spaces with foreign keys of their own, not only SQL tables. */
  readonly spaces?: boolean
}

const childWithRows = "child('more', named('parent')) box.space.more:insert({ 1, 10 })"

const cases: Case[] = [
  {
    name: "a suite's table refers to the application's, which a test adds to",
    levels: [
      'sql("CREATE TABLE more (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id))")',
      addParent(),
    ],
  },
  {
    name: 'its rows refer to a row of the suite, and a test replaces all of them',
    levels: [
      `sql("CREATE TABLE more (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id))") sql('CREATE INDEX by_parent ON more (parent_id)')
        ${addParent()} sql('INSERT INTO more VALUES (1, 1), (2, 10), (3, 1)')`,
      "sql('DELETE FROM more WHERE parent_id = 1') sql('DELETE FROM parent WHERE id = 1') sql(\"INSERT INTO parent VALUES (1, 'again')\") sql('INSERT INTO more VALUES (4, 1)')",
    ],
  },
  {
    name: 'a row from Lua, which SQL of old versions did not check',
    levels: [
      'sql("CREATE TABLE more (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id))")',
      "pcall(function() named('more'):insert({ 1, 77 }) end)",
      "pcall(function() named('more'):replace({ 1, 78 }) end) named('more'):delete(1) named('parent'):insert({ 1, 'one' })",
    ],
  },
  {
    name: 'a space that refers without an index',
    levels: ["child('more', named('parent'), { indexed = false })", addParent()],
    spaces: true,
  },
  {
    name: 'the same with rows',
    levels: ["child('more', named('parent'), { indexed = false }):insert({ 1, 10 })", addParent(), addParent(2)],
    spaces: true,
  },
  {
    name: 'a chain over the levels',
    levels: [
      childWithRows,
      "child('grandchild', box.space.more) box.space.grandchild:insert({ 1, 1 }) box.space.more:insert({ 2, 20 })",
      "box.space.grandchild:delete(1) box.space.more:delete(1) named('parent'):delete(10) named('parent'):insert({ 1, 'one' }) box.space.more:insert({ 3, 1 }) child('last', box.space.grandchild)",
    ],
    spaces: true,
  },
  {
    name: 'rows of a space that refers to itself',
    levels: [
      "child('tree', { name = 'tree', format = function() return { { name = 'id' } } end }) for id = 1, 9 do box.space.tree:insert({ id, id > 1 and id - 1 or nil }) end",
      'for id = 9, 2, -1 do box.space.tree:delete(id) end',
      'box.space.tree:insert({ 9, 1 }) box.space.tree:insert({ 5, 9 }) box.space.tree:replace({ 1, 5 })',
    ],
    spaces: true,
  },
  {
    name: 'two new spaces that refer to each other',
    levels: [
      circle('one', 'other'),
      'box.space.one:replace({ 1, nil }) box.space.other:delete(1) box.space.other:insert({ 2, 1 }) box.space.one:replace({ 1, 2 })',
      circle('third', 'fourth'),
    ],
    spaces: true,
  },
  {
    name: 'a foreign key that a test removes',
    levels: [childWithRows, "box.space.more:format({ { 'id', 'unsigned' } }) named('parent'):delete(10)"],
    spaces: true,
  },
  {
    name: 'a foreign key that a test adds',
    levels: [
      "box.schema.space.create('more'):create_index('pk') box.space.more:insert({ 1, 10 })",
      "box.space.more:format({ { 'id', 'unsigned' }, { name = 'of', type = 'integer', is_nullable = true, foreign_key = { space = named('parent').name, field = 1 } } })",
      "named('parent'):insert({ 30, 'thirty' }) box.space.more:insert({ 2, 30 })",
    ],
    spaces: true,
  },
  {
    name: 'a foreign key that is made to refer to another space',
    levels: [
      `${childWithRows} box.schema.space.create('another', { format = { { 'id', 'integer' } } }):create_index('pk') box.space.another:insert({ 10 })`,
      "box.space.more:format({ { 'id', 'unsigned' }, { name = 'of', type = 'integer', is_nullable = true, foreign_key = { space = 'another', field = 'id' } } })",
      "named('parent'):delete(10) box.space.another:insert({ 11 }) box.space.more:replace({ 1, 11 }) box.space.another:delete(10)",
    ],
    spaces: true,
  },
  {
    name: 'spaces that are renamed',
    levels: [
      childWithRows,
      "named('parent'):rename('elders') box.space.more:rename('younger')",
      "box.space.elders:insert({ 1, 'one' }) box.space.younger:replace({ 1, 1 }) box.space.younger:rename('more2')",
      "box.space.elders:rename('parent') box.space.more2:delete(1) box.space.parent:delete(1)",
    ],
    spaces: true,
  },
  {
    name: 'truncated spaces',
    levels: [childWithRows, "box.space.more:truncate() named('parent'):truncate()", addParent()],
    spaces: true,
  },
  {
    name: 'dropped spaces, and others of their names',
    levels: [
      childWithRows,
      "box.space.more:drop() named('parent'):drop()",
      "box.schema.space.create('more'):create_index('pk')",
    ],
    spaces: true,
  },
  {
    name: 'rows beside other changes of the schema',
    levels: [
      childWithRows,
      "named('parent'):insert({ 1, 'one' }) box.space.more:replace({ 1, 1 }) named('parent'):delete(10) box.schema.space.create('other'):create_index('pk')",
    ],
    spaces: true,
  },
  {
    name: 'a key of several fields',
    levels: [
      `local places = box.schema.space.create('places', { format = { { 'a', 'unsigned' }, { 'b', 'unsigned' } } })
        places:create_index('pk', { parts = { 1, 2 } }) places:insert({ 1, 2 }) places:insert({ 2, 2 })`,
      `local streets = box.schema.space.create('streets', { format = { { 'x', 'unsigned' }, { 'y', 'unsigned' } },
          foreign_key = { place = { space = 'places', field = { x = 'b', y = 'a' } } } })
        streets:create_index('pk', { parts = { 2, 1 } }) streets:insert({ 2, 1 })`,
      'box.space.streets:delete({ 1, 2 }) box.space.places:delete({ 1, 2 }) box.space.places:insert({ 7, 8 }) box.space.streets:insert({ 8, 7 })',
    ],
    spaces: true,
  },
  {
    name: 'so many rows that they go as a whole',
    levels: [
      childWithRows,
      "for id = 100, 3000 do named('parent'):insert({ id, 'many' }) box.space.more:insert({ id, id }) end",
      "for id = 100, 3000 do box.space.more:delete(id) end for id = 100, 3000 do named('parent'):delete(id) end",
    ],
    spaces: true,
  },
  {
    name: 'a referenced row that swaps its unique value with another',
    levels: [
      `${childWithRows} box.space[named('parent').name]:create_index('name', { parts = { { 2, 'string' } } })`,
      "local p = named('parent') p:update(20, { { '=', 2, 'between' } }) p:update(10, { { '=', 2, 'twenty' } }) p:update(20, { { '=', 2, 'ten' } })",
    ],
    spaces: true,
  },
  {
    name: 'a constraint and its function',
    levels: [
      "box.schema.func.create('positive', { language = 'LUA', is_deterministic = true, body = 'function(value) return value > 0 end' })",
      "box.schema.space.create('more', { format = { { name = 'id', type = 'integer', constraint = 'positive' } } }):create_index('pk') box.space.more:insert({ 1 })",
      `box.space.more:format({}) box.schema.func.drop('positive') box.space.more:insert({ -1 })
        box.schema.func.create('positive', { language = 'LUA', is_deterministic = true, body = 'function(value) return value < 0 end' })`,
      "box.space.more:delete(1) box.space.more:format({ { name = 'id', type = 'integer', constraint = 'positive' } })",
    ],
    spaces: true,
  },
  {
    name: 'a function that was made again for the same constraint',
    levels: [
      `box.schema.func.create('positive', { language = 'LUA', is_deterministic = true, body = 'function(value) return value > 0 end' })
        box.schema.space.create('more', { format = { { name = 'id', type = 'integer', constraint = 'positive' } } }):create_index('pk')`,
      `box.space.more:format({}) box.schema.func.drop('positive')
        box.schema.func.create('positive', { language = 'LUA', is_deterministic = true, body = 'function(value) return value < 0 end' })
        box.space.more:format({ { name = 'id', type = 'integer', constraint = 'positive' } })`,
    ],
    spaces: true,
  },
]

function addParent(id = 1): string {
  return `sql("INSERT INTO parent VALUES (${id}, 'one')")`
}

function circle(one: string, other: string): string {
  return `for _, name in ipairs({ '${one}', '${other}' }) do box.schema.space.create(name, { format = { { 'id', 'unsigned' } } }):create_index('pk') box.space[name]:insert({ 1 }) end
    for name, of in pairs({ ${one} = '${other}', ${other} = '${one}' }) do
      local space = box.space[name]
      space:create_index('of', { unique = false, parts = { { 2, 'unsigned', is_nullable = true } } })
      space:format({ { 'id', 'unsigned' }, { name = 'of', type = 'unsigned', is_nullable = true, foreign_key = { space = of, field = 'id' } } })
      space:replace({ 1, 1 })
    end`
}

describe('foreign keys and constraints of any level', () => {
  const server = new TarantoolInstance({ recordChanges: true, logLevel: 2, appLua: helpers + tables })

  beforeAll(async () => {
    await server.start()
  })

  afterAll(async () => {
    await server.stop()
  })

  test.for(cases)('$name', async ({ levels, spaces }, context) => {
    skipWithout('SQL', context)
    if (spaces) skipWithout('foreign keys of spaces', context)
    onTestFailed(async () => {
      await server.restart({ recreate: true })
    })
    const everything = async (): Promise<unknown> => await server.call('everything')
    const states = [await everything()]
    for (const [index, change] of levels.entries()) {
      await ask(server, 'enter', index + 1)
      await server.eval(change)
      states.push(await everything())
    }
    const last = levels.length - 1
    const back = async (operation: 'enter' | 'rewind', level: number): Promise<void> => {
      expect((await ask(server, operation, level + 1)).lost).toBeUndefined()
      expect(await everything(), `level ${level}`).toEqual(states[level])
    }
    // A second test finds the state that the undo of the first test left.
    await back('enter', last)
    await server.eval(levels[last] ?? '')
    for (let level = last; level >= 0; level--) await back('rewind', level)
  })

  // The undo must not drop and restore these keys, since that would read all rows of their spaces.
  test.for([
    [
      'new rows',
      "named('parent'):insert({ 1, 'one' }) box.space.more:insert({ 2, 1 }) box.space.more:replace({ 1, 1 })",
    ],
    ['rows that are gone', "box.space.more:delete(1) named('parent'):delete(10)"],
    ['a row that is referred to, with other values', "named('parent'):update(10, { { '=', 2, 'other' } })"],
    ['a chain in one space', 'for id = 9, 1, -1 do box.space.tree:delete(id) end box.space.tree:insert({ 1 })'],
    ['changes that were rolled back', "box.begin() box.space.more:delete(1) named('parent'):delete(10) box.rollback()"],
  ])('keys stay in place for %s', async ([, change], context) => {
    skipWithout('foreign keys of spaces', context)
    const everything = async (): Promise<unknown> => await server.call('everything')
    const version = async (): Promise<unknown> => await server.eval('return box.internal.schema_version()')
    onTestFinished(async () => {
      await ask(server, 'rewind', 0)
    })
    await ask(server, 'enter', 1)
    await server.eval(`${childWithRows} child('tree', { name = 'tree', format = function() return { { name = 'id' } } end })
      for id = 1, 9 do box.space.tree:insert({ id, id > 1 and id - 1 or nil }) end`)
    await ask(server, 'enter', 2)
    const before = [await everything(), await version()]
    await server.eval(change ?? '')
    expect((await ask(server, 'rewind', 2)).lost).toBeUndefined()
    expect([await everything(), await version()]).toEqual(before)
  })
})
