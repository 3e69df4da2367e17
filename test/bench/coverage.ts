import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TarantoolInstance } from '../../src/index.ts'
import { lineCountsVariable } from '../../src/instance/start/line-counts.ts'
import { compare } from './pairs.ts'
import { report } from './report.ts'

const app = `
local space = box.schema.space.create('orders')
space:create_index('pk')
local function total_of(lines)
    local total = 0
    for _, line in ipairs(lines) do
        total = total + line.price * line.count
    end
    return total
end
function add_orders(count)
    for id = 1, count do
        local lines = { { price = 10, count = id }, { price = 5, count = 2 } }
        space:replace({ id, total_of(lines) })
    end
    return space:len()
end
function compute(count)
    local sum = 0
    for i = 1, count do
        sum = sum + i % 7
    end
    return sum
end
`

/** A server whose lines are counted or not, in a directory. */
async function startIn(directory: string, isCounted: boolean): Promise<TarantoolInstance> {
  if (isCounted) process.env[lineCountsVariable] = directory
  try {
    return await new TarantoolInstance({ appLua: join(directory, 'app.lua'), recordChanges: true }).start()
  } finally {
    delete process.env[lineCountsVariable]
  }
}

/** What a test costs while the lines of its server's Lua are counted, beside the same test without. */
export async function benchCoverage(pairs: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'))
  writeFileSync(join(directory, 'app.lua'), app)
  const [counted, plain] = [await startIn(directory, true), await startIn(directory, false)]
  const timed = (server: TarantoolInstance, rounds: number, work: () => Promise<unknown>) => async () => {
    const began = performance.now()
    for (let round = 0; round < rounds; round++) {
      await work()
      await server.reset()
    }
    return performance.now() - began
  }
  const works = [
    ['test that adds 10 rows by Lua of the application, with its reset', 100, 'add_orders', 10],
    ['loop of Lua that only computes', 3, 'compute', 200_000],
  ] as const
  try {
    for (const [label, rounds, name, count] of works) {
      const runs = [counted, plain].map(server => timed(server, rounds, () => server.call(name, count)))
      const [ours, bare] = runs as [() => Promise<number>, () => Promise<number>]
      report(`${label}: with coverage, compared to without`, await compare(pairs, ours, bare))
    }
  } finally {
    await Promise.all([counted.stop(), plain.stop()])
    rmSync(directory, { recursive: true })
  }
}
