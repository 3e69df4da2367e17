import { expect, test } from 'vitest'
import type { Life, LifeEvent } from '../../src/isolation/life.ts'
import type { Death } from '../../src/isolation/server.ts'
import { ServerWatch } from '../../src/isolation/server-watch.ts'

const death: Death = { fingerprint: 'Tarantool[fake]', exitCode: 3, logFile: '' }

/** What brings a server that is up into each life. */
const events: Record<Life['is'], LifeEvent | undefined> = {
  up: undefined,
  suspect: 'broke-off',
  down: 'ended',
  stopped: 'taken-down',
  paused: 'paused',
  crashed: { died: death },
}

type Answer = 'not asked' | Life['is']

/** The life after the broker was asked how the server ended, or whether the broker is not asked. */
const table: Record<
  Life['is'],
  { readonly [Question in 'died' | 'lives' | 'suspected, died' | 'suspected, lives']: Answer }
> = {
  up: { died: 'not asked', lives: 'not asked', 'suspected, died': 'crashed', 'suspected, lives': 'up' },
  suspect: { died: 'crashed', lives: 'up', 'suspected, died': 'crashed', 'suspected, lives': 'up' },
  down: { died: 'crashed', lives: 'up', 'suspected, died': 'crashed', 'suspected, lives': 'up' },
  stopped: {
    died: 'not asked',
    lives: 'not asked',
    'suspected, died': 'not asked',
    'suspected, lives': 'not asked',
  },
  paused: {
    died: 'not asked',
    lives: 'not asked',
    'suspected, died': 'not asked',
    'suspected, lives': 'not asked',
  },
  crashed: {
    died: 'not asked',
    lives: 'not asked',
    'suspected, died': 'not asked',
    'suspected, lives': 'not asked',
  },
}

const cases = Object.entries(table).flatMap(([is, answers]) =>
  Object.entries(answers).map(([question, becomes]) => ({ is: is as Life['is'], question, becomes })),
)

test.each(cases)('$is, $question: $becomes', async ({ is, question, becomes }) => {
  let asked = false
  const watch = new ServerWatch({
    findDeath: async () => {
      asked = true
      return question.endsWith('died') ? death : undefined
    },
    describe: async () => ({ instance: 'Tarantool[fake]' }),
  })
  const event = events[is]
  if (event) watch.notice(event)
  const error = await watch.findDeath({ when: 'now', suspected: question.startsWith('suspected') })
  const next = becomes === 'not asked' ? is : becomes
  expect({ asked, is: watch.life.is }).toEqual({ asked: becomes !== 'not asked', is: next })
  expect(error?.message).toEqual(next === 'crashed' ? expect.stringContaining('exited with code 3 now') : undefined)
})

test('a test stops the server while the broker is asked: no crash', async () => {
  const watch = new ServerWatch({
    findDeath: async () => {
      watch.notice('taken-down')
      return death
    },
    describe: async () => ({ instance: 'Tarantool[fake]' }),
  })
  watch.notice('ended')
  expect(await watch.findDeath({ when: 'now' })).toBeUndefined()
  expect(watch.life.is).toBe('stopped')
})
