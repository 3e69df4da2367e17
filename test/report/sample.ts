import type { Lane, RunEvent, TestEvent } from '../../src/broker/run-events.ts'

/** The events of a made-up run: so many tests on so many servers. The fifth test of each server fails. */
export function sampleEvents(tests: number, servers: number, began: number): (readonly [Lane, RunEvent])[] {
  const lanes = Array.from({ length: servers }, (_, index) => ({
    name: 'default',
    number: index + 1,
    isCluster: false,
  }))
  return lanes.flatMap(lane => eventsOn(lane, Math.ceil(tests / servers), began))
}

const version = '3.8.0-0-g0000000'

function eventsOn(lane: Lane, count: number, began: number): (readonly [Lane, RunEvent])[] {
  const instance = `Tarantool[127.0.0.1:${13000 + lane.number}]`
  const file = `${process.cwd()}/test/file-${lane.number}.test.ts`
  const started = { kind: 'start', instance, version, pid: 4000 + lane.number, isSpare: false } as const
  const first = began + lane.number * 20
  const events: RunEvent[] = [
    { ...started, at: first, took: 90, seedTook: 22 },
    { kind: 'lease', at: first + 95, took: count * 6 + 40, waited: 12.5, file, worker: 77 },
  ]
  for (let number = 0; number < count; number++) {
    const at = first + 100 + number * 6
    events.push(testEvent(number, at, file), { kind: 'reset', at: at + 4.2, took: 0.4 + (number % 7) / 10, undone: 2 })
  }
  const last = first + 100 + count * 6
  events.push(
    { kind: 'death', at: last, instance, signal: 'SIGSEGV', isAsked: false },
    { ...started, at: last + 2, took: 25 },
    { kind: 'replacement', at: last, took: 28, by: 'restart' },
  )
  return events.map(event => [lane, event] as const)
}

function testEvent(number: number, at: number, file: string): TestEvent {
  const shared = { kind: 'test', at, file, attempt: 0, took: 1 + (number % 5) * 0.7 } as const
  if (number === 4) {
    return {
      ...{ ...shared, name: 'users > fails </script><b>', outcome: 'failed', error: 'expected 1 to be 2' },
      log: [
        '2026-11-26 21:58:46.677 [32392] main/112/main app.lua:8 W> user 1 </script><img src="http://host.invalid/">',
      ],
      changes: ['users: 1 inserted, 1 updated', '  + users [1, "ann"]', '  ~ users [2, "bob"] → [2, "eve"]'],
    }
  }
  if (number === 6) return { ...shared, name: 'users > is skipped', outcome: 'skipped', took: 0 }
  return { ...shared, name: `users > passes ${number}`, outcome: 'passed', changes: ['users: 1 inserted'] }
}
