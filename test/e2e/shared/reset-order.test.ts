import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { Project } from '../support/project.ts'
import { resettingProject } from '../support/reset.ts'
import { jests, vitests } from '../support/runners.ts'

/** Numbers from 0 to below 1 that a seed decides. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

// What a test does to its server, behind the rows that it adds.
const deeds = [
  '',
  'await tarantool.eval("box.space.rows:truncate()")',
  'await tarantool.eval("box.space.rows:drop() box.schema.space.create([[rows]])")',
  'await tarantool.eval("assert(not box.space.more) box.schema.space.create([[more]]):create_index([[pk]])")',
  'await tarantool.eval("assert(names) names = nil")',
  'await tarantool.reset()',
  'await tarantool.restart({ recreate: true })',
  'throw new Error("fails")',
]

/**
 * A test file of suites in suites, in which each test and hook says which rows it has to find: those of the `beforeAll` of
 * its suites, and nothing else; and adds some.
 */
function suites(seed: number): string {
  const next = random(seed)
  const chance = (share: number): boolean => next() < share
  const sorted = (names: readonly string[]): string => JSON.stringify([...names].sort().join(' '))
  let count = 0
  const name = (): string => `n${++count}`

  const testIn = (rows: readonly string[], hasRows: boolean): string => {
    const own = name()
    const deed =
      deeds.filter(text => !(hasRows && text.includes('restart')))[Math.floor(next() * (deeds.length - 1))] ?? ''
    const fails = deed.startsWith('throw')
    const kind = fails ? 'test.fails' : chance(0.1) ? 'test.skip' : 'test'
    const options = chance(0.2) ? `{ ${chance(0.5) ? 'repeats' : 'retry'}: 1 }, ` : ''
    return `${kind}('${own}', ${options}async () => {
      await rows.expect(${sorted(rows)})
      await rows.add('${own}')
      ${deed}
    })\n`
  }
  const suiteIn = (depth: number, outside: readonly string[], each: readonly string[]): string => {
    const own = name()
    const hooks: string[] = []
    const kept = [...outside]
    for (let left = chance(0.6) ? 1 + Math.floor(next() * 2) : 0; left > 0; left--) {
      const row = name()
      hooks.push(`beforeAll(async () => {
        await rows.expect(${sorted(kept)})
        await rows.add('${row}')
      })\n`)
      kept.push(row)
    }
    if (chance(0.5)) {
      hooks.push(`afterAll(async () => {
        await rows.expect(${sorted(kept)})
        await rows.add('${name()}')
      })\n`)
    }
    const before = [...each]
    if (chance(0.3)) {
      const row = name()
      hooks.push(`beforeEach(() => rows.add('${row}'))\n`)
      before.push(row)
    }
    const children: string[] = []
    for (let left = (depth === 0 ? 5 : 1) + Math.floor(next() * 4); left > 0; left--) {
      const isSuite = depth < 3 && chance(0.4)
      children.push(isSuite ? suiteIn(depth + 1, kept, before) : testIn([...kept, ...before], kept.length > 0))
    }
    const text = [...hooks, ...children].join('')
    return depth === 0 ? text : `describe('${own}', () => {\n${text}})\n`
  }
  return `
// Of seed ${seed}.
import { useTarantool } from 'tarantool-fixture/vitest'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { rowsOf } from './rows.ts'
const tarantool = useTarantool()
const rows = rowsOf(tarantool)
${suiteIn(0, [], [])}`
}

describe.each(vitests)('$name', runner => {
  test.each(['stack', 'list'])('a seeded suite, in any order, with sequence.hooks %s', async hooks => {
    const seeds = Array.from({ length: 12 }, () => Math.floor(Math.random() * 2 ** 31))
    const project = new Project(runner, {
      ...resettingProject('', `shuffle: true, hooks: '${hooks}', seed: ${seeds[0]}`),
      ...Object.fromEntries(seeds.map(seed => [`seed-${seed}.test.ts`, suites(seed)])),
    })
    const { exitCode, output } = await project.run()
    expect(exitCode, `sequence.seed ${seeds[0]}, ${output}`).toBe(0)
    expect(output).not.toMatch(/Unhandled/)
  })
})

describe.each(jests)('$name', runner => {
  test('a seeded suite, in any order', async () => {
    const seeds = Array.from({ length: 12 }, () => Math.floor(Math.random() * 2 ** 31))
    const files = Object.fromEntries(seeds.map(seed => [`seed-${seed}.test.ts`, suites(seed)]))
    const args = ['--randomize', `--seed=${seeds[0]}`]
    const { exitCode, output } = await runUnder(runner, { ...resettingProject(), ...files }, { jestArgs: args })
    expect(exitCode, output).toBe(0)
  })
})
