import { expect, test } from 'vitest'
import { startInstance } from '../support/instances.ts'

// The recorder runs inside the statements of a test, which may have replaced any function by then. Tarantool's own Lua also
// uses some of these functions, so a server that records is compared with a server that does not.

const appLua = `
box.schema.space.create('one'):create_index('pk')
local two = box.schema.space.create('two')
two:create_index('pk', { parts = { { 1, 'unsigned' }, { 2, 'string' } } })
local collated = box.schema.space.create('collated')
collated:create_index('pk', { parts = { { 1, 'string', collation = 'unicode_ci' } } })
for i = 1, 3 do
    box.space.one:insert({ i })
    two:insert({ i, 'a' })
    collated:insert({ 'a' .. i })
end
`

// Tarantool's own access to a tuple's fields is Lua, too: it uses `bit`, which is left out here, and `tonumber`. So the other
// server has a trigger that reads some fields.
const readsFields = `
local function read(old, new)
    local tuple = old or new
    return tuple[1], tuple[2]
end
for _, name in ipairs({ 'one', 'two', 'collated', '_space', '_index', '_truncate' }) do box.space[name]:on_replace(read) end
`

// Each statement of the list, with each function of the list replaced: what it returns or raises.
const program = `
local pcall, error, tostring, pairs, table_insert, sort = pcall, error, tostring, pairs, table.insert, table.sort
local type, rawset = type, rawset
local modules = { _G = _G }
for _, name in pairs({ 'string', 'table', 'math', 'os', 'debug', 'coroutine', 'fiber', 'clock', 'json', 'msgpack',
    'digest', 'fio', 'errno' }) do modules[name] = require(name) end
modules['box.session'] = box.session
modules['box.space.one'] = box.space.one
modules['box.schema.memtx_index_mt'] = box.schema.memtx_index_mt
local wanted = ...
-- A truncate makes a space's Lua object anew, by global functions. An error in there ends the server.
if wanted == 'truncate' then modules._G, modules.debug, modules['box.space.one'] = nil, nil, nil end
local function stub() error('stubbed', 0) end
local statements = {
    insert = function() box.space.two:insert({ 4, 'x' }) end,
    replace = function() box.space.one:replace({ 1, 'changed' }) end,
    collated = function() box.space.collated:replace({ 'A1', 'changed' }) end,
    truncate = function() box.space.one:truncate() end,
    create = function() box.schema.space.create('made'):create_index('pk') end,
}
local function tidy_up()
    box.space.two:delete({ 4, 'x' })
    for i = 1, 3 do box.space.one:replace({ i }) end
    if box.space.made then box.space.made:drop() end
end
local names, found = {}, {}
for module, functions in pairs(modules) do
    for name, value in pairs(functions) do
        if type(value) == 'function' and type(name) == 'string' then
            found[module .. '.' .. name] = { functions, name, value }
            table_insert(names, module .. '.' .. name)
        end
    end
end
-- A function that a space lacks hides the method of that name.
for _, name in pairs({ 'select', 'len', 'pairs' }) do
    found['hidden ' .. name] = { box.space.one, name, nil }
    table_insert(names, 'hidden ' .. name)
end
sort(names)
local results = {}
for _, name in pairs(names) do
    local functions, key, value = found[name][1], found[name][2], found[name][3]
    rawset(functions, key, stub)
    local done, message = pcall(statements[wanted])
    rawset(functions, key, value)
    tidy_up()
    table_insert(results, name .. ': ' .. (done and 'done' or tostring(message)))
end
return results
`

test.each(['insert', 'replace', 'collated', 'truncate', 'create'])(
  '%s sees no stub through the recorder',
  async statement => {
    const [recording, plain] = await Promise.all([
      startInstance({ appLua, recordChanges: true }),
      startInstance({ appLua: appLua + readsFields }),
    ])
    const [ours] = await recording.eval(program, statement)
    const [bare] = await plain.eval(program, statement)
    expect(ours).toEqual(bare)
    expect((bare as string[]).filter(result => result.endsWith(': done')).length).toBeGreaterThan(50)
    await recording.reset()
    expect(await recording.eval('return box.space.one:len(), box.space.two:len()')).toEqual([3, 3])
  },
)
