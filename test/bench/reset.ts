import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type InstanceOptions, TarantoolInstance } from '../../src/index.ts'
import { compare, median } from './pairs.ts'
import { report } from './report.ts'

export const appLua =
  "box.schema.space.create('rows', { if_not_exists = true }):create_index('pk', { if_not_exists = true })"
const seedLua = "for id = 1, 1000000 do box.space.rows:insert({ id, 'row ' .. id }) end"
const memory = { memtxMemory: 512 * 2 ** 20, timeout: 60_000 }
export const changeTenRows = "for id = 1, 10 do box.space.rows:replace({ id, 'changed' }) end"

async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await action()
  return performance.now() - began
}

async function withServers<Result>(
  options: readonly InstanceOptions[],
  use: (...servers: TarantoolInstance[]) => Promise<Result>,
): Promise<Result> {
  const servers = options.map(each => new TarantoolInstance({ appLua, ...memory, ...each }))
  try {
    for (const server of servers) await server.start()
    return await use(...servers)
  } finally {
    for (const server of servers) await server.stop()
  }
}

/** A reset after ten changed rows: beside the same in an empty database, and beside a restart from the template. */
async function benchMillionRows(pairs: number): Promise<void> {
  const resetTen = async (server: TarantoolInstance): Promise<number> => {
    await server.eval(changeTenRows)
    return await timed(() => server.reset())
  }
  const many = async (server: TarantoolInstance): Promise<number> => {
    const times: number[] = []
    for (let round = 0; round < 50; round++) times.push(await resetTen(server))
    return median(times)
  }
  await withServers([{ seedLua, recordChanges: true }, { recordChanges: true }], async (full, empty) => {
    if (!full || !empty) return
    const sizes = await compare(
      pairs,
      () => many(full),
      () => many(empty),
    )
    report(
      'reset of 10 changed rows in a space of 1,000,000 rows, compared to the same reset in an empty space',
      sizes,
      1.5,
    )
    const restarts = await compare(
      3,
      () => resetTen(full),
      () => timed(() => full.restart({ recreate: true })),
    )
    report('reset of 10 changed rows among 1,000,000, compared to a restart from the template', restarts, 0.01)
  })
}

/** What the recording costs an application that writes. */
async function benchRecording(pairs: number): Promise<void> {
  // A request may not work for longer than a fiber slice.
  const write = `local yield = require('fiber').yield
    for id = 1, 100000 do
      box.space.rows:replace({ id, 'row' })
      if id % 5000 == 0 then yield() end
    end`
  await withServers([{ recordChanges: true }, {}], async (recording, bare) => {
    if (!recording || !bare) return
    const time = async (server: TarantoolInstance): Promise<number> => {
      await server.eval('box.space.rows:truncate() collectgarbage()')
      if (server === recording) await server.reset()
      return await timed(() => server.eval(write))
    }
    const result = await compare(
      pairs,
      () => time(recording),
      () => time(bare),
    )
    report('100,000 replaces with recording, compared to without', result, 1.5)
  })
  // In a process that has just begun, both: 10,000 changes on, a reset of the one that records is a restart.
  await withServers([{ seedLua, recordChanges: true }, { seedLua }], async (recording, bare) => {
    if (!recording || !bare) return
    const time = async (server: TarantoolInstance): Promise<number> => {
      await server.restart({ recreate: true })
      return await timed(() => server.eval(write))
    }
    const result = await compare(
      Math.min(pairs, 5),
      () => time(recording),
      () => time(bare),
    )
    report('the same replaces over 1,000,000 rows', result, 1.5)
  })
}

export async function benchReset(pairs: number): Promise<void> {
  const cache = mkdtempSync(join(tmpdir(), 'bench-'))
  const before = process.env.TARANTOOL_FIXTURE_CACHE
  process.env.TARANTOOL_FIXTURE_CACHE = cache
  try {
    await benchMillionRows(pairs)
    await benchRecording(pairs)
  } finally {
    if (before === undefined) delete process.env.TARANTOOL_FIXTURE_CACHE
    else process.env.TARANTOOL_FIXTURE_CACHE = before
    rmSync(cache, { recursive: true, force: true })
  }
}
