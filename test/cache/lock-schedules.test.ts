import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import fc from 'fast-check'
import { beforeAll, expect, test, vi } from 'vitest'
import { withLock } from '../../src/cache/lock.ts'
import { processScope } from '../../src/cache/process-scope.ts'
import { temporaryDirectory } from '../support/instances.ts'

/** Steps that callers want to do, in the order in which they came. */
const waiting = vi.hoisted((): (() => void)[] => [])

// Each access to a file, and each pause, is a step that waits for its turn. The file system itself is the real one.
vi.mock('node:fs/promises', async importOriginal => {
  const real = await importOriginal<Record<string, unknown>>()
  const sync = (await import('node:fs')) as unknown as Record<string, (...args: unknown[]) => unknown>
  const steps = ['link', 'lstat', 'readFile', 'rename', 'rm', 'stat', 'writeFile'].map(name => [
    name,
    async (...args: unknown[]) => {
      await new Promise<void>(resolve => waiting.push(resolve))
      return sync[`${name}Sync`]?.(...args)
    },
  ])
  return { ...real, ...Object.fromEntries(steps) }
})
vi.mock('node:timers/promises', () => ({
  setTimeout: () => new Promise<void>(resolve => waiting.push(resolve)),
}))

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

// Far more than three takers need.
const mostSteps = 1000

/** Runs callers step by step: each number of the schedule chooses whose step is next. After its end they take turns. */
async function follow(schedule: readonly number[], callers: readonly Promise<unknown>[]): Promise<void> {
  let done = false
  const all = Promise.all(callers).finally(() => {
    done = true
  })
  all.catch(() => {})
  try {
    for (let index = 0; ; index++) {
      await settled()
      if (done) return void (await all)
      if (index === mostSteps) throw new Error('nobody gets the lock any more')
      const [step] = waiting.splice((schedule[index] ?? 0) % waiting.length, 1)
      step?.()
    }
  } finally {
    waiting.length = 0
  }
}

let ended = 0

beforeAll(async () => {
  const child = execa('true')
  await child
  ended = child.pid ?? 0
})

test('an abandoned lock has one holder at a time, in whatever order its takers do their steps', async () => {
  const directory = temporaryDirectory()
  let count = 0
  const schedules = fc.array(fc.nat(3), { minLength: 20, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(schedules, async schedule => {
      const place = join(directory, String(count++))
      mkdirSync(place)
      const path = join(place, 'lock')
      writeFileSync(path, JSON.stringify({ scope: processScope(), pid: ended, nonce: 'x' }))
      let [holders, most] = [0, 0]
      const work = async (): Promise<void> => {
        most = Math.max(most, ++holders)
        await new Promise<void>(resolve => waiting.push(resolve))
        holders--
      }
      await follow(
        schedule,
        [1, 2, 3].map(() => withLock(path, work)),
      )
      expect([most, readdirSync(place)]).toEqual([1, []])
    }),
    { numRuns: 150 },
  )
})
