import { expect, test } from 'vitest'
import { describeDifference } from '../../src/isolation/digest.ts'
import { startInstance } from '../support/instances.ts'
import { digestOf } from './agent.ts'

const appLua = `box.schema.space.create('rows'):create_index('pk') box.schema.sequence.create('counter')
  function greet() end
  cache = {}`

test.each([
  ['a row', 'box.space.rows:insert({ 1 })', "space 'rows'"],
  [
    'a space and a row',
    "box.schema.space.create('more') box.space.rows:insert({ 1 })",
    /space '_space', space 'rows'$/,
  ],
  ['a sequence', 'box.sequence.counter:next()', 'sequence counter'],
  ['an option', 'box.cfg({ too_long_threshold = 9 })', 'box.cfg.too_long_threshold'],
  [
    'a list that is an option',
    "box.cfg({ replication_connect_quorum = 0, replication = { '127.0.0.1:1' }, replication_connect_timeout = 0.01 })",
    /box\.cfg\.replication/,
  ],
  ['memory', 'box.cfg({ memtx_memory = box.cfg.memtx_memory * 2 })', 'box.cfg.memtx_memory'],
  ['a global', 'leaked = 1', 'global leaked'],
  ['a function in the place of another', 'function greet() end', 'global greet'],
  ['many', 'for i = 1, 9 do _G["leaked" .. i] = i end', /^(global leaked\d, ){4}global leaked5 and 4 more$/],
  ['what it does not know', 'cache.entry = 1', ''],
])('strict names what changed: %s', async (_, change, names) => {
  const server = await startInstance({ appLua, recordChanges: true, walMode: 'write' })
  const before = await digestOf(server)
  await server.command(`(function() ${change} end)()`)
  const found = describeDifference(before, await digestOf(server))
  if (typeof names === 'string') expect(found).toBe(names)
  else expect(found).toMatch(names)
})

test('two servers with the same application have the same digest', async () => {
  const options = { appLua, recordChanges: true }
  const [one, other] = await Promise.all([startInstance(options), startInstance(options)])
  expect(describeDifference(await digestOf(one), await digestOf(other))).toBe('')
})
