import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TarantoolReplicaSet } from '../../src/index.ts'
import { luaLiteral } from '../../src/protocol/lua-literal.ts'
import { programs, type Step } from '../isolation/programs.ts'
import { useOwnCache } from '../support/instances.ts'
import { isAmong, lossesByChanges } from './losses.ts'

useOwnCache()

const appLua = fileURLToPath(new URL('../fixtures/isolation/member.lua', import.meta.url))

/** A step, and the member that it concerns if it runs operations: 0 is the leader. */
type MemberStep = readonly [member: number, step: Step]

const memberPrograms: fc.Arbitrary<MemberStep[]> = programs.chain(steps =>
  fc
    .tuple(...steps.map(() => fc.constantFrom(0, 0, 1, 2)))
    .map(members => steps.map((step, index): MemberStep => [members[index] ?? 0, step])),
)

class SetOfPrograms {
  readonly #set = new TarantoolReplicaSet({
    seedTemplate: false,
    ...{ replicas: 3, appLua, recordChanges: true, quiet: true, logLevel: 2 },
    boxCfg: { vinyl_cache: 0, vinyl_memory: 16_777_216 },
  })

  async start(): Promise<void> {
    await this.#set.start()
  }

  async stop(): Promise<void> {
    await this.#set.stop()
  }

  async #each(lua: string): Promise<unknown[]> {
    return await Promise.all(
      this.#set.instances.map(
        async instance => (await instance.command(`return require('property').${lua}`, { timeout: 10_000 }))[0],
      ),
    )
  }

  async #goBack(operation: 'enter' | 'rewind', keep: number, open: number): Promise<string | undefined> {
    const { lost, replaced } = await this.#set.ask(operation, keep)
    // A new process does not remember the states.
    if (lost !== undefined || replaced) return lost ?? replaced?.join(', ')
    if (keep < open) {
      const found = await Promise.all(
        this.#set.instances.map(async (instance, index) => [
          instance.name,
          (
            await instance.command(`return require('property').differences(${keep}, ${index === 0})`, {
              timeout: 10_000,
            })
          )[0],
        ]),
      )
      const differing = found.filter(([, list]) => (list as unknown[]).length > 0)
      if (differing.length > 0)
        expect.fail(`after ${operation} ${keep}: ${JSON.stringify(differing, null, 1).slice(0, 4000)}`)
      const [first, ...others] = await this.#each('common_rows()')
      for (const other of others) expect(other).toEqual(first)
    }
    if (operation === 'enter') await this.#each(`remember(${keep})`)
    return undefined
  }

  async run(steps: readonly MemberStep[]): Promise<void> {
    try {
      const lost = await this.#run(steps)
      if (lost === undefined) return
      expect(isAmong(lossesByChanges, lost), lost).toBe(true)
    } catch (error) {
      await this.#set.restart({ recreate: true })
      throw error
    }
    await this.#set.restart({ recreate: true })
  }

  async #run(steps: readonly MemberStep[]): Promise<string | undefined> {
    // From 3.0 on, the first connection to a console sets a trigger.
    await this.#set.ask('rewind', 0)
    await this.#each('remember(0)')
    let open = 1
    for (const [member, [name, argument]] of steps) {
      if (name === 'run') {
        const apply = `require('property').apply(${luaLiteral(argument)})`
        await this.#set.instances[member]?.command(apply, { timeout: 10_000 })
        continue
      }
      const lost = await this.#goBack(name, argument, open)
      if (lost !== undefined) return lost
      open = name === 'enter' ? argument + 1 : Math.max(argument, 1)
    }
    return await this.#goBack('rewind', 0, open)
  }
}

// PROGRAMS=2000 runs more programs. SEED=… repeats a failure.
const count = Number(process.env.PROGRAMS ?? 100)
const seed = process.env.SEED === undefined ? {} : { seed: Number(process.env.SEED) }

const set = new SetOfPrograms()

beforeAll(async () => await set.start())

afterAll(async () => await set.stop())

test('after a reset, each member of a replica set is as it was', { timeout: 7_200_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(memberPrograms, async steps => await set.run(steps)),
    { numRuns: count, ...seed, endOnFailure: process.env.SHRINK === '0' },
  )
})
