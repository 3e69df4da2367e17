import { expect, test } from 'vitest'
import { skipWithout } from '../../../support/features.ts'
import { startInstance } from '../../../support/instances.ts'

// on_access_denied is Tarantool's own, whatever the version; the other three are stood in for by boot/session-triggers.lua.
const probe = `
  local event, steps = ...
  local register = box.session[event]
  local names, functions = {}, {}
  for _, name in ipairs({ 'a', 'b', 'c' }) do
    functions[name] = function() end
    names[functions[name]] = name
    names[('%p'):format(functions[name])] = 'address of ' .. name
  end
  functions.callable = setmetatable({}, { __call = function() end })
  names[functions.callable] = 'callable'
  names[('%p'):format(functions.callable)] = 'address of callable'

  local function shown(value)
    if names[value] then return names[value] end
    if type(value) ~= 'table' then return (tostring(value):gsub(event, 'EVENT')) end
    local list = {}
    for _, item in ipairs(value) do table.insert(list, shown(item)) end
    return '{' .. table.concat(list, ' ') .. '}'
  end

  local results = {}
  local function try(call, ...)
    local returned = { pcall(call, ...) }
    for i = 1, select('#', unpack(returned)) do returned[i] = shown(returned[i]) end
    table.insert(results, table.concat(returned, ', '))
  end

  functions.fail = function() error('called', 0) end
  names[functions.fail] = 'fail'
  local env = setmetatable({
    register = function(...) try(register, ...) end,
    list = function() try(register) end,
    module = function(name, ...)
      try(function(...)
        local answer = { require('trigger')[name](...) }
        if name == 'info' then return answer[1]['box.session.' .. event] end
        if name ~= 'pairs' then return unpack(answer) end
        local list = {}
        for trigger, handler in unpack(answer) do
          table.insert(list, trigger)
          table.insert(list, handler)
        end
        return list
      end, ...)
    end,
    event = 'box.session.' .. event,
    null = box.NULL,
  }, { __index = functions })
  setfenv(loadstring(steps), env)()
  return results`

const steps = {
  'lists in the order that Tarantool does': 'list() register(a) register(b) register(c) list()',
  'removes, and knows what is not there': 'register(a) register(b) register(nil, a) list() register(nil, a) list()',
  'replaces, at the place that Tarantool does':
    'register(a) register(b) register(c) register(a, c) list() register(b, b) list() register(b, c)',
  'takes one twice as Tarantool does': 'register(a) register(a) register(b) register(a) list() register(nil, a) list()',
  'refuses what is none': "register(1) register('x') register(a, 1) register({}) register(true, false) list()",
  'takes nulls and callable objects where Tarantool does':
    'register(null) register(null, null) register(callable) list() register(nil, callable) list()',
  'takes a table of name and function':
    "register({ name = 'x', func = a }) list() register({ name = 'x' }) list() register({ func = a }) register({ name = 'x', func = 1 })",
}

const namedSteps = {
  'takes names':
    "register(a, nil, 'x') register(b, nil, 'y') register(c, nil, 'x') list() register(nil, nil, 'x') list() register(nil, nil, 'z')",
  'sets, replaces and removes':
    "module('set', event, 'x', a) module('set', event, 'y', b) module('set', event, 'x', c) list() module('info', event) module('pairs', event) module('del', event, 'y') module('del', event, 'z') module('info') list()",
  'meets what was set the other way':
    "register(a) register(b, nil, 'b') module('set', event, 'c', c) module('info', event) module('del', event, 'b') register(nil, a) list() register(nil, c) register(nil, nil, 'c') module('info')",
  'calls what was set':
    "module('call', event) module('set', event, 'x', a) module('call', event, 1) module('set', event, 'y', fail) module('call', event)",
  'refuses what is wrong':
    "module('set', event) module('set', event, 'x') module('set', event, 'x', 1) module('set', event, {}, a) module('set', 1) module('del', event) module('del', event, 'x', 1) module('info', event, 1) module('pairs') module('call')",
  'leaves the fixture out, and does not lose it':
    "module('info') module('del', event, 'tarantool-fixture') module('set', event, 'tarantool-fixture', a) list() module('del', event, 'tarantool-fixture') list() module('pairs', 'tarantool.trigger.on_change')",
}

const replaced = ['on_connect', 'on_auth', 'on_disconnect']

async function compare(lua: string): Promise<void> {
  const instance = await startInstance()
  const [native] = await instance.eval(probe, 'on_access_denied', lua)
  for (const event of replaced)
    expect({ event, results: (await instance.eval(probe, event, lua))[0] }).toEqual({ event, results: native })
}

test.each(Object.entries(steps))('box.session.on_connect and its like: %s', async (_, lua) => await compare(lua))

for (const [what, lua] of Object.entries(namedSteps)) {
  test(`triggers with names: ${what}`, async context => {
    skipWithout('named triggers', context)
    await compare(lua)
  })
}
