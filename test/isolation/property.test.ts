import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TarantoolInstance } from '../../src/index.ts'
import { luaLiteral } from '../../src/protocol/lua-literal.ts'
import { programs, type Step } from './programs.ts'

const appLua = fileURLToPath(new URL('../fixtures/isolation/schema.lua', import.meta.url))

interface Outcome {
  readonly lost?: string
  readonly differences?: readonly string[]
  readonly after?: string
}

// What may end in a new server: that it had to is told by the agent, and is no difference.
const mayBeLost = /^(vinyl space '.*' was (truncated|dropped|given another primary key)|more than \d+ changes)/

const instance: TarantoolInstance = new TarantoolInstance({
  appLua,
  walMode: 'write',
  recordChanges: true,
  logLevel: 2,
  boxCfg: { vinyl_cache: 0, vinyl_memory: 16_777_216 },
})

beforeAll(async () => {
  await instance.start()
})

afterAll(async () => {
  await instance.stop()
})

async function ask(steps: readonly Step[], options: Record<string, boolean>): Promise<Outcome> {
  const program = `require('property').run(${luaLiteral(steps)}, ${luaLiteral(options)})`
  try {
    const [outcome] = await instance.command(program, { timeout: 10_000 })
    return outcome as Outcome
  } catch (error) {
    // One that hangs must not hold up the smaller ones that are tried next.
    await instance.kill({ cleanup: false })
    await instance.start({ recreate: true })
    throw error
  }
}

async function run(steps: readonly Step[], options: Record<string, boolean>): Promise<void> {
  const outcome = await ask(steps, options)
  if (outcome.lost === undefined && outcome.differences === undefined) return
  await instance.restart({ recreate: true })
  if (outcome.lost !== undefined) expect(outcome.lost).toMatch(mayBeLost)
  else expect.fail(`after ${outcome.after}:\n${outcome.differences?.join('\n').slice(0, 4000)}`)
}

// PROGRAMS=20000 runs more of them, SEED=… those of a failure.
const count = Number(process.env.PROGRAMS ?? 2000)
const seed = process.env.SEED === undefined ? {} : { seed: Number(process.env.SEED) }

async function check(numRuns: number, options: Record<string, boolean>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(programs, async steps => await run(steps, options)),
    { numRuns, ...seed, endOnFailure: process.env.SHRINK === '0' },
  )
}

// What random programs have found, each in its smallest form.
const found: Record<string, readonly Step[]> = {
  'a table with constraints that was dropped': [['run', [['sql', 0, 6, 0]]]],
  'a table that others refer to was changed': [['run', [['sql', 7, 0, 0]]]],
  'a function that was dropped and made again, with the same rights': [
    [
      'run',
      [
        ['func_drop', 0, 0, 0],
        ['func_create', 0, 0, 0],
      ],
    ],
  ],
  'a drop that was rolled back, of a space that had been truncated': [
    ['run', [['transaction', [['drop', 8, 0, 0]], false]]],
  ],
  'an index whose drop was rolled back': [['run', [['transaction', [['drop_index', 5, 0, 0]], false]]]],
  'a new view of a new table': [
    [
      'run',
      [
        ['sql', 1, 1, 0],
        ['sql', 2, 2, 0],
      ],
    ],
  ],
  'a suite that made the server read-only': [
    ['run', [['configure', 2, 0, 0]]],
    ['enter', 0],
    ['run', [['sequence_set', 0, 0, 0]]],
  ],
  'a truncate of a space without a primary index': [
    ['run', [['drop_index', 9, 0, 0]]],
    ['enter', 0],
    ['run', [['transaction', [['truncate', 9, 0, 0]], true]]],
  ],
  'rows that are older than the default of a field': [
    ['run', [['format', 17, 5, 0]]],
    ['enter', 0],
    ['run', [['unchain', 0, 0, 0]]],
    ['enter', 0],
  ],
  'a new space that has the number of a view that is gone, and is referred to': [
    [
      'run',
      [
        ['sql', 0, 5, 0],
        ['create_circle', 0, 0, 0],
      ],
    ],
  ],
  'an index of a space that names a field of another, which has another format': [
    [
      'run',
      [
        ['format', 12, 0, 0],
        ['rename_index', 13, 1, 0],
      ],
    ],
  ],
  'vinyl rows put back before DDL of their space': [
    ['run', [['delete', 6, 3, 0]]],
    ['rewind', -1],
    ['run', [['swap_names', 1, 6, 0]]],
  ],
}

describe('after a reset the server is as it was', () => {
  test.each(Object.entries(found))('%s', async (_, steps) => {
    await run(steps, { held: true })
  })

  test(`${count} random programs`, { timeout: 3_600_000 }, async () => {
    await check(count, { held: true })
  })

  test('200 programs, the objects that the application holds used after each, and a digest of all data', async () => {
    await check(200, { held: true, strict: true })
  })
})
