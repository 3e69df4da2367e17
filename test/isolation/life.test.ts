import { expect, test } from 'vitest'
import { after, isGone, type Life, type LifeEvent } from '../../src/isolation/life.ts'

const death = { fingerprint: 'Tarantool[127.0.0.1:3301]', exitCode: 3, logFile: '' }
const lives: Record<Life['is'], Life> = {
  up: { is: 'up' },
  suspect: { is: 'suspect' },
  down: { is: 'down' },
  stopped: { is: 'stopped' },
  paused: { is: 'paused' },
  crashed: { is: 'crashed', death },
}
const events: Record<string, LifeEvent> = {
  'broke-off': 'broke-off',
  ended: 'ended',
  'taken-down': 'taken-down',
  paused: 'paused',
  resumed: 'resumed',
  lives: 'lives',
  runs: 'runs',
  died: { died: death },
}

/** The next life after each event, in the order of `events`. */
const table: Record<Life['is'], readonly Life['is'][]> = {
  //        broke-off  ended      taken-down paused     resumed    lives      runs  died
  up: ['suspect', 'down', 'stopped', 'paused', 'up', 'up', 'up', 'crashed'],
  suspect: ['suspect', 'down', 'stopped', 'paused', 'suspect', 'up', 'up', 'crashed'],
  down: ['down', 'down', 'stopped', 'stopped', 'down', 'up', 'up', 'crashed'],
  stopped: ['stopped', 'stopped', 'stopped', 'stopped', 'stopped', 'stopped', 'up', 'stopped'],
  paused: ['paused', 'stopped', 'stopped', 'paused', 'up', 'paused', 'up', 'paused'],
  crashed: ['crashed', 'crashed', 'crashed', 'crashed', 'crashed', 'crashed', 'up', 'crashed'],
}

const cases = Object.entries(table).flatMap(([is, results]) =>
  Object.keys(events).map((event, index) => ({ is, event, becomes: results[index] })),
)

test.each(cases)('$is, $event: $becomes', ({ is, event, becomes }) => {
  const next = after(lives[is as Life['is']], events[event] as LifeEvent)
  expect(next.is).toBe(becomes)
  if (next.is === 'crashed') expect(next.death).toBe(death)
})

test.each(Object.keys(table) as Life['is'][])('%s: whether another process has to come', is => {
  expect(isGone(lives[is])).toBe(is !== 'up' && is !== 'suspect')
})
