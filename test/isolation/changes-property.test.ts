import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TarantoolInstance } from '../../src/index.ts'
import { luaLiteral } from '../../src/protocol/lua-literal.ts'
import { applied, dumpOf, textsOf } from './named-dump.ts'
import { type Operation, operations } from './programs.ts'

const instance = new TarantoolInstance({
  appLua: fileURLToPath(new URL('../fixtures/isolation/schema.lua', import.meta.url)),
  walMode: 'write',
  recordChanges: true,
  logLevel: 2,
  boxCfg: {
    vinyl_cache: 0,
    vinyl_memory: 16_777_216,
    ...(process.env.MVCC === '1' ? { memtx_use_mvcc_engine: true } : {}),
  },
})

beforeAll(async () => {
  await instance.start()
})

afterAll(async () => {
  await instance.stop()
})

const givenUp =
  /^(vinyl space '.*' was (truncated|dropped|given another primary key)|more than \d+ changes|the rows of)/

/** Parts of a program. Each but the first runs on a level of its own, as within `changesOf`. */
const parts: fc.Arbitrary<Operation[][]> = fc.array(operations, { minLength: 1, maxLength: 3 })

/** @returns false if the server gave up its records */
async function check(program: readonly Operation[][]): Promise<boolean> {
  const before = await dumpOf(instance)
  for (const [index, part] of program.entries()) {
    if (index > 0) await instance.command(`require('tarantool-fixture').isolation('nest', 0)`)
    await instance.command(`require('property').apply(${luaLiteral(part)})`, { timeout: 10_000 })
  }
  const changes = await instance.changes({ limit: Number.POSITIVE_INFINITY })
  const now = await dumpOf(instance)
  if (changes.lost === undefined) expect(applied(before, changes, now)).toEqual(textsOf(now))
  else expect(changes.lost).toMatch(givenUp)
  return changes.lost === undefined
}

// PROGRAMS=500 runs more programs. SEED=… repeats a failure. MVCC=1 uses that engine.
const numRuns = Number(process.env.PROGRAMS ?? 60)
const seed = process.env.SEED === undefined ? {} : { seed: Number(process.env.SEED) }

test('applied to the baseline, the changes give the state', { timeout: 3_600_000 }, async () => {
  let known = 0
  const run = async (program: readonly Operation[][]): Promise<void> => {
    try {
      if (await check(program)) known++
      await instance.reset()
    } catch (error) {
      await instance.restart({ recreate: true })
      throw error
    }
  }
  await fc.assert(fc.asyncProperty(parts, run), { numRuns, ...seed, endOnFailure: process.env.SHRINK === '0' })
  expect(known).toBeGreaterThan(numRuns / 2)
})
