import { describe, expect, test } from 'vitest'
import type { InstanceOptions, TarantoolInstance } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { startInstance } from '../support/instances.ts'
import { ask } from './agent.ts'

const record = async (options: InstanceOptions = {}): Promise<TarantoolInstance> =>
  await startInstance({ recordChanges: true, ...options })

/** All options, as text. In some versions only pairs() shows the contents of box.cfg. */
const options = async (server: TarantoolInstance): Promise<unknown> => {
  const [lines] = await server.command(`(function()
    local lines = {}
    for name, value in pairs(box.cfg) do
      local is_empty = value == nil or (type(value) == 'table' and next(value) == nil)
      if not is_empty then table.insert(lines, name .. ' = ' .. require('json').encode(value)) end
    end
    table.sort(lines)
    return lines
  end)()`)
  return lines
}

describe('a change of box.cfg is undone', () => {
  test.for([
    ['values', 'too_long_threshold = 0.001, log_level = 7, replication_timeout = 99'],
    ['an option that had no value', "custom_proc_title = 'mine', io_collect_interval = 0.001, snap_io_rate_limit = 5"],
    ['an option that loses its value', 'net_msg_max = box.NULL, checkpoint_count = box.NULL'],
    ['a list', "replication = { box.cfg.listen, 'unix/:/nowhere' }, replication_connect_quorum = 0"],
    ['the list of one that had two', 'replication = box.NULL'],
    ['the address', "listen = '127.0.0.1:0'"],
    ['the address, as a list', "listen = { '127.0.0.1:0' }"],
    ['no address', 'listen = box.NULL'],
    ['a server that takes no writes', 'read_only = true'],
  ])('%s', async ([, change], context) => {
    const server = await record({
      boxCfg: {
        net_msg_max: 500,
        checkpoint_count: 7,
        replication: ['unix/:/nowhere-one', 'unix/:/nowhere-two'],
        replication_connect_timeout: 0.05,
        replication_connect_quorum: 0,
      },
      walMode: 'write',
    })
    const before = await options(server)
    await ask(server, 'enter', 1)
    const [done] = await server.command(`pcall(box.cfg, { ${change} })`)
    context.skip(!done, `not an option of ${server.version().text}`)
    expect(await options(server)).not.toEqual(before)
    expect(await ask(server, 'enter', 1)).toMatchObject({ undone: expect.any(Number) })
    expect(await options(server)).toEqual(before)
    expect(await server.eval('return box.info.ro')).toEqual([false])
  })

  test('a quorum that a single server does not have', async context => {
    skipWithout('synchronous spaces', context)
    const server = await record({ walMode: 'write' })
    await server.command(`if box.ctl.promote then box.ctl.promote() end
      box.schema.space.create('orders', { is_sync = true }):create_index('id')
      box.space.orders:insert({ 1 })`)
    await ask(server, 'enter', 1)
    const before = await options(server)
    await server.command(`box.cfg({ replication_synchro_quorum = 2, replication_synchro_timeout = 1000 })
      require('fiber').create(function() box.space.orders:insert({ 2 }) end)`)
    expect(await ask(server, 'enter', 1)).toMatchObject({ undone: expect.any(Number) })
    expect(await options(server)).toEqual(before)
    expect(await server.eval('return box.space.orders:select()')).toEqual([[[1]]])
  })

  test.for(['voter', 'candidate', 'manual'])('elections in which the server is a %s', async (mode, context) => {
    skipWithout('elections', context)
    const server = await record({ walMode: 'write' })
    await server.command("box.schema.space.create('users'):create_index('id')")
    await ask(server, 'enter', 1)
    const before = await options(server)
    for (let round = 0; round < 3; round++) {
      await server.command(`box.space.users:insert({ 1 }) box.cfg({ election_mode = '${mode}' })`)
      if (mode !== 'voter' && round > 0) await server.command('box.ctl.promote()')
      expect(await ask(server, 'enter', 1)).toMatchObject({ undone: expect.any(Number) })
      expect(await options(server)).toEqual(before)
      expect(await server.eval('return box.info.ro, box.space.users:count()')).toEqual([false, 0])
    }
  })

  test('what a suite configures holds until it ends', async () => {
    const server = await record()
    const before = await options(server)
    await ask(server, 'enter', 1)
    await server.command('box.cfg({ too_long_threshold = 3, checkpoint_count = 9 })')
    await ask(server, 'enter', 2)
    await server.command('box.cfg({ too_long_threshold = 4 })')
    await ask(server, 'enter', 2)
    expect(await server.command('box.cfg.too_long_threshold')).toEqual([3])
    await ask(server, 'rewind', 1)
    expect(await options(server)).toEqual(before)
  })

  test('by another way than box.cfg', async () => {
    const server = await record()
    await ask(server, 'enter', 1)
    const say = async (text: string): Promise<string[]> => {
      await server.command(`require('log').verbose('${text}')`)
      return await server.grepLog(text)
    }
    await server.command("require('log').level(7)")
    expect(await say('in the test')).toHaveLength(1)
    await ask(server, 'enter', 1)
    expect(await say('after it')).toEqual([])
  })
})

test.each([
  ['memtx_memory', 'memtx_memory = box.cfg.memtx_memory * 2'],
  ['vinyl_memory', 'vinyl_memory = box.cfg.vinyl_memory * 2'],
])('%s grew: only a new server has less', async (name, change) => {
  const server = await record()
  await ask(server, 'enter', 1)
  await server.command(`box.cfg({ ${change} })`)
  expect(await ask(server, 'enter', 1)).toMatchObject({ lost: expect.stringContaining(name) })
})
