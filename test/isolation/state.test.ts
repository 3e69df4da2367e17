import { describe, expect, test } from 'vitest'
import type { InstanceOptions, TarantoolInstance } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { startInstance, writeFiles } from '../support/instances.ts'
import { ask } from './agent.ts'

const appLua = `
  package.loaded.app = {
    charge = function() return 'charged' end,
    gateway = { send = function() return 'sent' end },
    counter = 0,
  }
  box.schema.space.create('rows'):create_index('pk')
  box.space.rows:create_index('second', { parts = { 2, 'string' } })
  box.space.rows:insert({ 1, 'kept' })
  function box.space.rows:greet() return 'greeted' end
  box.schema.space.create('other'):create_index('pk')
  if box.broadcast then box.broadcast('weather', 'fair') box.broadcast('wind', { speed = 1 }) end
  box.schema.sequence.create('numbers')
  if box.func then box.schema.func.create('declared', { language = 'LUA', body = 'function() return 1 end' }) end
  local class = { __index = { area = function() return 'area' end } }
  shop = { charge = function() return 'charged' end, till = { open = function() return 'opened' end }, shape = setmetatable({}, class) }
  os.setenv('OF_APP', 'one')
  fiber = require('fiber')`

const record = async (options: InstanceOptions = {}): Promise<TarantoolInstance> =>
  await startInstance({ appLua, recordChanges: true, walMode: 'write', ...options })

/**
 * The subject, a test's change, and an expression that shows the change. If the expression is nil at first, the version
 * lacks the feature.
 */
type Case = readonly [title: string, change: string, probe: string]

const stubs: Case[] = [
  ['os.time', 'os.time = function() return 1 end', 'os.time() == 1'],
  ['clock.time, a function of C', "require('clock').time = function() return 1 end", "require('clock').time() == 1"],
  ['fiber.sleep', "fiber.sleep = function() error('asleep') end", 'pcall(fiber.sleep, 0)'],
  ['fiber.time', 'fiber.time = function() return 1 end', 'fiber.time() == 1'],
  ['math.random', 'math.random = function() return 4 end', 'math.random(5, 6) == 4'],
  ["another module's", "require('digest').md5_hex = function() return 'x' end", "require('digest').md5_hex('')"],
  [
    'http.client',
    "require('http.client').get = function() return { status = 200 } end",
    "require('http.client').get == nil or pcall(require('http.client').get)",
  ],
  [
    'deep in a module',
    "require('crypto').cipher.aes128.cbc.encrypt = function() return 'x' end",
    "pcall(require('crypto').cipher.aes128.cbc.encrypt)",
  ],
  [
    "a function of the server's",
    "box.begin = function() error('no') end",
    'pcall(function() box.begin() box.commit() end)',
  ],
  ['deeper', 'box.schema.user.exists = function() return 7 end', "box.schema.user.exists('admin')"],
  ['box.info', "box.info = { status = 'stubbed' }", 'box.info.status'],
  ['box.cfg', 'box.cfg = { listen = 1 }', 'tostring(box.cfg.listen)'],
  [
    'what we use ourselves',
    'table.insert = function() end pairs = function() return next, {} end',
    'select(2, pcall(function() local t = {} table.insert(t, 1) for _, v in pairs(t) do return v end end))',
  ],
  ['one that goes', 'string.rep = nil', 'string.rep == nil'],
  ['one that comes', 'function string.shout(text) return text:upper() end', "('').shout == nil"],
  ['one that comes to box', 'box.mine = { 1 }', 'box.mine == nil'],
  ["the application's", "require('app').charge = function() return 'stubbed' end", "require('app').charge()"],
  [
    'deeper in the application',
    "require('app').gateway.send = function() return 'stubbed' end",
    "require('app').gateway.send()",
  ],
  [
    'a method of a space',
    "box.space.rows.insert = function() return 'stubbed' end",
    "select(2, pcall(box.space.rows.insert, box.space.rows, { 1 })) == 'stubbed'",
  ],
  [
    'a method of an index',
    "box.space.rows.index.second.get = function() return 'stubbed' end",
    "box.space.rows.index.second:get('kept')",
  ],
  ["a method of the application's", "function box.space.rows:greet() return 'stubbed' end", 'box.space.rows:greet()'],
  [
    "a method of the application's that goes with its space",
    'box.space.rows:drop()',
    'box.space.rows and box.space.rows:greet()',
  ],
  [
    'a method of a system space',
    "box.space._user.insert = function() return 'stubbed' end",
    "select(2, pcall(box.space._user.insert, box.space._user, {})) == 'stubbed'",
  ],
  [
    'methods that an undo needs',
    "for _, n in ipairs({ 'replace', 'insert', 'delete' }) do box.space.rows[n] = error box.space._space[n] = error box.space._truncate[n] = error end rawset(box.space.rows.index[0], 'select', error)",
    'box.space.rows.replace == error',
  ],
  ['a space', 'box.space.rows = { len = function() return 99 end }', 'box.space.rows:len()'],
  ['a space that goes', 'box.space.rows = nil', 'box.space.rows ~= nil'],
  [
    "a function of the application's in a global table",
    "shop.charge = function() return 'stubbed' end",
    'shop.charge()',
  ],
  ['deeper in a global table', "shop.till.open = function() return 'stubbed' end", 'shop.till.open()'],
  [
    "a method of an object's class",
    "getmetatable(shop.shape).__index.area = function() return 'stubbed' end",
    'shop.shape.area()',
  ],
  [
    'a method that a function of the object hides',
    "shop.shape.area = function() return 'stubbed' end",
    'shop.shape.area()',
  ],
  [
    'a function that box.error only has by its metatable',
    "rawset(box.error, 'new', function() return 'stubbed' end)",
    "tostring(box.error.new(box.error.UNKNOWN)) == 'stubbed'",
  ],
  [
    'one that comes deeper in box',
    'box.ctl.mine = function() end box.session.mine = 1',
    'box.ctl.mine == nil and box.session.mine == nil',
  ],
  [
    'a method of a sequence',
    "box.sequence.numbers.drop = function() return 'stubbed' end",
    "rawget(box.sequence.numbers, 'drop') == nil",
  ],
  [
    'a sequence',
    'box.sequence.numbers = { next = function() return 99 end }',
    'box.func and type(box.sequence.numbers.id)',
  ],
  [
    'a function of the schema',
    'box.func.declared = { call = function() return 99 end }',
    'box.func and box.func.declared:call()',
  ],
  [
    'a method of a function of the schema',
    'box.func.declared.call = function() return 99 end',
    'box.func and box.func.declared:call()',
  ],
  [
    'a function of the log',
    "require('log').info = function() return 'stubbed' end",
    "require('log').info('x') == 'stubbed'",
  ],
  [
    'a function of a log with a name',
    "require('log').new('new').info = function() return 'stubbed' end",
    "require('log').new and require('log').new('new').info('x') == 'stubbed'",
  ],
  ['the version', "require('tarantool').version = '0.0.0'", "require('tarantool').version == '0.0.0'"],
  [
    'a method of all spaces',
    "box.schema.space_mt.count = function() return 'stubbed' end",
    'tostring(box.space.rows:count())',
  ],
]

const modules: Case[] = [
  ['a loaded module', "package.loaded['http.client'] = { get = 1 }", "type(require('http.client').get) == 'number'"],
  ["the application's", "package.loaded.app = { charge = function() return 'stubbed' end }", "require('app').charge()"],
  ['a module that is not loaded', 'package.loaded.payment = { 1 }', "(pcall(require, 'payment'))"],
  ['a module that goes', 'package.loaded.app = nil', "(pcall(require, 'app'))"],
  [
    'package.preload',
    "package.preload.payment = function() return { 1 } end require('payment')",
    "(pcall(require, 'payment'))",
  ],
  ['package.path', "package.path = '/nowhere/?.lua'", 'package.path'],
  ['package.cpath', "package.cpath = '/nowhere/?.so'", 'package.cpath'],
  [
    'package.loaders',
    "table.insert(package.loaders, 1, function(name) return name == 'payment' and function() return 1 end end) require('payment')",
    "(pcall(require, 'payment'))",
  ],
  ['package.setsearchroot', "package.setsearchroot('/nowhere')", 'package.searchroot and package.searchroot()'],
]

const metatables: Case[] = [
  ['of box', "setmetatable(box, { __index = function() return 'stubbed' end })", 'tostring(box.no_such_thing)'],
  [
    'of box.space',
    "setmetatable(box.space, { __index = function() return 'stubbed' end })",
    "tostring(rawget(box, 'space').no_such_space)",
  ],
  [
    "of the application's module",
    "setmetatable(require('app'), { __index = function() return 'stubbed' end })",
    "tostring(require('app').nothing)",
  ],
  ['of a global table', "setmetatable(shop, { __index = function() return 'stubbed' end })", 'tostring(shop.nothing)'],
  [
    'how box.cfg is called',
    "debug.getmetatable(box.cfg).__call = function() return 'stubbed' end",
    "tostring((box.cfg({}))) == 'stubbed'",
  ],
  ["_G's metatable", 'setmetatable(_G, { __index = function() return 1 end })', 'getmetatable(_G) == nil'],
  ['strict', "require('strict').on()", 'pcall(function() return no_such_thing end)'],
  [
    'a metatable of strings',
    "getmetatable('').__call = function() return 'called' end",
    "pcall(function() return ('x')() end)",
  ],
  [
    'another metatable of strings',
    "debug.setmetatable('', { __index = string, __len = function() return 99 end })",
    "rawequal(getmetatable('').__len, nil)",
  ],
  [
    'a metatable of nil',
    'debug.setmetatable(nil, { __index = function() return 1 end })',
    'debug.getmetatable(nil) == nil',
  ],
  ['a metatable of numbers', 'debug.setmetatable(0, { __index = math })', 'debug.getmetatable(0) == nil'],
]

const process: Case[] = [
  ['a variable', "os.setenv('OF_APP', 'two')", "os.getenv('OF_APP')"],
  ['a new variable', "os.setenv('OF_TEST', 'one')", "os.getenv('OF_TEST') == nil"],
  ['a variable that goes', "os.setenv('OF_APP', nil)", "os.getenv('OF_APP')"],
  ['the working directory', "require('fio').chdir('/')", "require('fio').cwd()"],
  [
    'the mask of files',
    "require('fio').umask(63)",
    "(function() local m = require('fio').umask(0) require('fio').umask(m) return m end)()",
  ],
  ['the compiler', 'jit.off()', '(jit.status())'],
  [
    'the collector',
    "collectgarbage('stop') collectgarbage('setpause', 900)",
    "(function() local p = collectgarbage('setpause', 100) collectgarbage('setpause', p) return p end)()",
  ],
  ['a hook', "debug.sethook(function() end, '', 1000000)", 'debug.gethook() == nil'],
  ['the default output', "io.output('/dev/null')", 'io.output() == io.stdout'],
]

const settings: Case[] = [
  [
    'of json',
    "require('json').cfg({ encode_use_tostring = true, encode_max_depth = 7 })",
    "require('json').cfg.encode_max_depth",
  ],
  [
    'of json, that does not encode',
    "require('json').cfg({ encode_invalid_numbers = false })",
    "pcall(require('json').encode, 0 / 0)",
  ],
  [
    'of msgpack',
    "require('msgpack').cfg({ encode_max_depth = 7, encode_invalid_as_nil = true })",
    "require('msgpack').cfg.encode_invalid_as_nil",
  ],
  ['of yaml', "require('yaml').cfg({ encode_load_metatables = false })", "require('yaml').cfg.encode_load_metatables"],
  [
    'of the log',
    "require('log').level(7)",
    "(function() require('log').verbose('x') return tonumber(require('ffi').C.log_level) end)()",
  ],
  [
    'of compat',
    "require('compat').json_escape_forward_slash = 'old'",
    "(function() local found, compat = pcall(require, 'compat') return found and compat.json_escape_forward_slash.current or nil end)()",
  ],
  [
    'of compat, by a call',
    "require('compat')({ yaml_pretty_multiline = 'old' })",
    "(function() local found, compat = pcall(require, 'compat') return found and compat.yaml_pretty_multiline.current or nil end)()",
  ],
  [
    'how long a fiber may run',
    'fiber.set_max_slice({ warn = 8, err = 9 })',
    'fiber.set_max_slice and tostring((fiber.new(function() end):info({ backtrace = false }).max_slice or {}).err)',
  ],
]

const seen = (key: string): string => `(function()
  if not box.watch then return nil end
  local channel = fiber.channel(1)
  local watcher = box.watch('${key}', function(_, value) channel:put(require('json').encode(value)) end)
  local value = channel:get(5)
  watcher:unregister()
  return value
end)()`

const told: Case[] = [
  ['a value that was broadcast', "box.broadcast('weather', 'foul')", seen('weather')],
  ['one that goes', "box.broadcast('weather', nil)", seen('weather')],
  ['a new one', "box.broadcast('temperature', 20)", seen('temperature')],
  ['a table', "box.broadcast('wind', { speed = 9 })", seen('wind')],
]

async function check(server: TarantoolInstance, cases: readonly Case[]): Promise<void> {
  for (const [title, change, probe] of cases) {
    await ask(server, 'enter', 1)
    const show = `return ${probe}`
    const before = await server.eval(show)
    if (before[0] === null) continue
    await server.command(`(function() ${change} end)()`)
    expect(await server.eval(show).catch(error => [error.message]), title).not.toEqual(before)
    await server.eval("box.space.rows:replace({ 2, 'more' })").catch(() => {})
    const answer = await ask(server, 'enter', 1)
    expect(answer.lost, title).toBeUndefined()
    expect(answer.undone, title).toBeGreaterThan(0)
    expect(await server.eval(show), title).toEqual(before)
    expect(await server.eval('return box.space.rows:select()'), title).toEqual([[[1, 'kept']]])
  }
}

describe('a reset puts back', () => {
  test.each<[string, readonly Case[]]>([
    ['functions that were replaced', stubs],
    ['modules', modules],
    ['metatables', metatables],
    ["the process's own state", process],
    ['settings', settings],
    ['what nobody can ask the server for', told],
  ])('%s', async (_, cases) => {
    await check(await record(), cases)
  })
})

describe('a module that a test is the first to require', () => {
  const start = async (): Promise<TarantoolInstance> => {
    const directory = writeFiles({
      'app.lua': "box.schema.space.create('rows'):create_index('pk')",
      'lazy.lua': 'local module = { time = os.time } lazy = module return module',
      'quiet.lua': 'quiet = true',
      'service.lua': "return { db = require('db') }",
      'db.lua': 'return { real = true }',
      'fakes/db.lua': 'return { real = false }',
    })
    return await startInstance({ appLua: `${directory}/app.lua`, recordChanges: true })
  }

  test('stays, with the global that it set', async () => {
    const server = await start()
    await ask(server, 'enter', 1)
    await server.eval("loaded = require('lazy') require('quiet') leaked = 1")
    await ask(server, 'enter', 1)
    expect(await server.eval('return lazy == package.loaded.lazy, package.loaded.quiet, leaked == nil')).toEqual([
      true,
      true,
      true,
    ])
    await server.eval('package.loaded.lazy = { fake = true } package.loaded.quiet = nil')
    await ask(server, 'enter', 1)
    expect(
      await server.eval("return require('lazy').fake == nil, lazy == require('lazy'), package.loaded.quiet"),
    ).toEqual([true, true, true])
  })

  test.each([
    ['another in the place of one that it uses', "package.loaded.db = { real = false } require('service')"],
    ['a loader of one that it uses', "package.preload.db = function() return { real = false } end require('service')"],
    [
      'another path',
      "package.path = package.searchpath('app', package.path):gsub('app.lua', 'fakes/?.lua') .. ';' .. package.path require('service')",
    ],
    ['another function', "os.time = function() return 1 end require('lazy')"],
    ['itself replaced', "require('db') package.loaded.db = { real = false }"],
  ])('while there is %s, goes', async (_, change) => {
    const server = await start()
    await ask(server, 'enter', 1)
    await server.eval(change)
    await ask(server, 'enter', 1)
    expect(await server.eval("return require('service').db.real, require('lazy').time == os.time")).toEqual([
      true,
      true,
    ])
  })
})

test('a suite has its own, until it ends', async () => {
  const server = await record()
  const show = "return os.time(), require('app').charge(), os.getenv('OF_APP'), require('json').cfg.encode_max_depth"
  const before = await server.eval(show)
  await ask(server, 'enter', 1)
  await server.eval(`os.time = function() return 1 end require('app').charge = function() return 'of suite' end
    os.setenv('OF_APP', 'of suite') require('json').cfg({ encode_max_depth = 7 })`)
  const ofSuite = await server.eval(show)
  expect(ofSuite).toEqual([1, 'of suite', 'of suite', 7])
  for (let round = 0; round < 2; round++) {
    await ask(server, 'enter', 2)
    await server.eval(`os.time = function() return 2 end require('app').charge = nil os.setenv('OF_APP', nil)
      require('json').cfg({ encode_max_depth = 8 })`)
  }
  await ask(server, 'rewind', 2)
  expect(await server.eval(show)).toEqual(ofSuite)
  await ask(server, 'rewind', 1)
  expect((await server.eval(show)).slice(1)).toEqual(before.slice(1))
  expect(await server.eval('return os.time() > 1000')).toEqual([true])
})

test('triggers that a test has turned off run again, those that record too', async () => {
  const server = await record()
  await ask(server, 'enter', 1)
  await server.eval('box.space.rows:run_triggers(false)')
  await ask(server, 'enter', 1)
  await server.eval("box.space.rows:insert({ 2, 'more' })")
  expect(await ask(server, 'enter', 1)).toMatchObject({ undone: 1 })
  expect(await server.eval('return box.space.rows:select()')).toEqual([[[1, 'kept']]])
})

test('a watcher that a test registers sees nothing of the next', async context => {
  skipWithout('watchers', context)
  const server = await record()
  await server.eval(`seen = fiber.channel(100) rawset(package.loaded.app, 'seen', seen)
    box.watch('weather', function() seen:put('app') end)`)
  await ask(server, 'enter', 1)
  await server.eval(
    "box.watch('weather', function() package.loaded.app.seen:put('test') end) box.broadcast('weather', 'foul')",
  )
  await ask(server, 'enter', 1)
  expect(
    await server.eval(`local seen = package.loaded.app.seen
      while seen:get(0.1) do end
      box.broadcast('weather', 'stormy')
      local found = {}
      repeat
        local who = seen:get(1)
        table.insert(found, who)
      until who == nil
      return found`),
  ).toEqual([['app']])
})
