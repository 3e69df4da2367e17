import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type InstanceOptions, TarantoolInstance } from '../../src/index.ts'
import { installRunners } from '../e2e/support/runners.ts'
import { compare, median, report } from './pairs.ts'
import { makeProject, runner, runVitest } from './vitest-suite.ts'

const appLua = "box.schema.space.create('rows', { if_not_exists = true }):create_index('pk', { if_not_exists = true })"
const seedLua = "for id = 1, 1000000 do box.space.rows:insert({ id, 'row ' .. id }) end"
const memory = { memtxMemory: 512 * 2 ** 20, timeout: 60_000 }
const changeTenRows = "for id = 1, 10 do box.space.rows:replace({ id, 'changed' }) end"

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
    report('reset after 10 rows, of 1,000,000 / of none', sizes, 1.5)
    const restarts = await compare(
      3,
      () => resetTen(full),
      () => timed(() => full.restart({ recreate: true })),
    )
    report('reset after 10 rows / restart from the template', restarts, 0.01)
  })
}

/** What the recording costs an application that writes. */
async function benchRecording(pairs: number): Promise<void> {
  const write = "for id = 1, 100000 do box.space.rows:replace({ id, 'row' }) end"
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
    report('100,000 replaces, recorded / not recorded', result, 1.5)
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
    report('the same over 1,000,000 rows', result, 1.5)
  })
}

/**
 * What a test pays in a real run: the time between tests with 'reset' less that with 'none', beside a bare round trip of
 * the console.
 */
async function benchHook(): Promise<void> {
  await installRunners([runner])
  const gap = async (isolation: string, change: string): Promise<{ between: number; trip: number }> => {
    const directory = makeProject({
      'vitest.config.js': `export default { test: { globalSetup: './setup.js', disableConsoleIntercept: true } }`,
      'setup.js': `import { defineTarantool } from 'tarantool-fixture/vitest/setup'
        export default defineTarantool({ isolation: '${isolation}', appLua: ${JSON.stringify(appLua)} })`,
      'a.test.js': `import { useTarantool } from 'tarantool-fixture/vitest'
        import { connect } from 'node:net'
        import { afterAll, test } from 'vitest'
        const tarantool = useTarantool()
        const between = [], trips = []
        let ended
        const socket = connect(tarantool.consolePort)
        const reply = () => new Promise(resolve => socket.once('data', resolve))
        await reply()
        for (let round = 0; round < 300; round++) test('round ' + round, async () => {
          if (ended !== undefined) between.push(performance.now() - ended)
          const began = performance.now()
          socket.write('1\\n')
          await reply()
          trips.push(performance.now() - began)
          await tarantool.eval(${JSON.stringify(change)})
          ended = performance.now()
        })
        const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
        afterAll(() => { socket.destroy(); console.log('TOOK ' + median(between) + ' ' + median(trips)) })`,
    })
    const { output } = await runVitest(directory)
    rmSync(directory, { recursive: true })
    const [, between, trip] = /TOOK ([\d.]+) ([\d.]+)/.exec(output) ?? []
    return { between: Number(between), trip: Number(trip) }
  }
  for (const [name, change, atMost] of [
    ['a reset of 10 rows in a hook', changeTenRows, 3],
    ['a test that changed nothing', 'return 1', 2],
  ] as const) {
    const none: number[] = []
    const reset: number[] = []
    const trips: number[] = []
    for (let round = 0; round < 5; round++) {
      none.push((await gap('none', change)).between)
      const { between, trip } = await gap('reset', change)
      reset.push(between)
      trips.push(trip)
    }
    const [ours, bare] = [median(reset) - median(none), median(trips)]
    report(`${name} / a console round trip`, { ours, bare, ratio: ours / bare }, atMost)
  }
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
  await benchHook()
}
