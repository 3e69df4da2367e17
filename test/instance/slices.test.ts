import { describe, expect, test } from 'vitest'
import type { InstanceOptions, TarantoolInstance } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { startInstance, useOwnCache } from '../support/instances.ts'

useOwnCache()

/** Inserts rows from `first` on for 50 ms, without a yield. */
const insert = (first: number): string => `
  for id = ${first}, ${first + 4999} do box.space.rows:replace({ id, 'row' }) end
  local clock = require('clock')
  local until_ = clock.monotonic() + 0.05
  while clock.monotonic() < until_ do box.space.rows:replace({ ${first}, 'row' }) end`

const rows = "if box.space.rows == nil then box.schema.space.create('rows'):create_index('pk') end"

const whole = `
  if box.space.whole == nil then
    box.schema.space.create('whole'):create_index('pk')
    for id = 1, 3000 do box.space.whole:insert({ id }) end
  end`

const seedRows = Array.from({ length: 20_000 }, (_, id) => [id + 100_000, 'x'.repeat(20)])

async function start(options: InstanceOptions): Promise<TarantoolInstance> {
  return await startInstance({ timeout: 60_000, ...options })
}

/** What stands in the log of long work, and of the fixture. */
const complaints = async (server: TarantoolInstance): Promise<string[]> =>
  await server.grepLog(/slice|not yielded|otentially long|traceback|tarantool-fixture/)

async function digest(server: TarantoolInstance): Promise<void> {
  const [answer] = await server.command("require('tarantool-fixture').isolation('digest')")
  expect(answer).toMatch(/^digest:/)
}

test('the log has nothing of seeds, templates, records, resets and digests of many rows', async () => {
  const options = {
    appLua: rows + whole,
    seedLua: insert(1),
    seed: { rows: seedRows },
    recordChanges: true,
    logLevel: 5,
  }
  // The first makes a template, the others start from it.
  for (let round = 0; round < 3; round++) {
    const server = await start(options)
    await server.eval('for id = 1, 4000 do box.space.rows:replace({ id, "changed" }) end')
    await server.reset()
    // Kept as wholes.
    await server.eval('for id = 1, 3000 do box.space.whole:delete(id) end')
    await server.reset()
    await server.eval('box.space.whole:truncate()')
    await server.reset()
    await digest(server)
    expect(await complaints(server)).toEqual([])
    await server.stop()
  }
})

describe('with limits of 10 ms', () => {
  const limit = (seconds: number): string =>
    `require('fiber').set_max_slice({ warn = ${seconds / 2}, err = ${seconds} })`

  test('an application and a seed may work for longer', async context => {
    skipWithout('fiber slices', context)
    const options = { appLua: limit(0.01) + rows + insert(1), seedLua: insert(10_001), seed: { rows: seedRows } }
    for (let round = 0; round < 2; round++) {
      const server = await start(options)
      expect(await server.eval('return box.space.rows:len()')).toEqual([30_000])
      expect(await complaints(server)).toEqual([])
    }
  })

  test("the application's other fibers, and requests, may not", async context => {
    skipWithout('fiber slices', context)
    const server = await start({
      appLua: `${limit(0.01)} ${rows}
        require('fiber').create(function() failure = select(2, pcall(function() ${insert(1)} end)) end)`,
    })
    expect(await server.eval('return tostring(failure)')).toEqual(['fiber slice is exceeded'])
    await expect(server.eval(insert(1))).rejects.toThrow('fiber slice is exceeded')
    await expect(server.command(`(function() ${insert(1)} end)()`)).rejects.toThrow('fiber slice is exceeded')
  })

  test('a reset and a digest may work for longer', async context => {
    skipWithout('fiber slices', context)
    const server = await start({ appLua: rows + insert(1) + whole, recordChanges: true })
    for (let round = 0; round < 2; round++) {
      await server.eval('for id = 1, 5000 do box.space.rows:delete(id) end box.space.whole:truncate()')
      // Less than any of them takes.
      await server.eval(limit(0.0002))
      await server.reset()
      await digest(server)
      await server.eval(limit(1))
      expect(await server.eval('return box.space.rows:len(), box.space.whole:len()')).toEqual([5000, 3000])
      expect(await complaints(server)).toEqual([])
    }
  })
})
