import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { newInstance, startInstance } from '../support/instances.ts'

/** Keeps Node busy, as a large import does. Time in milliseconds. */
function block(time: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time)
}

test('a server that was ready in time has started, although its owner was busy', async () => {
  const instance = newInstance({ timeout: 2000 })
  const started = instance.start()
  await instance.start({ wait: false })
  block(4000)
  await started
  expect(instance.isRunning).toBe(true)
})

test('so has one that somebody waits for', async () => {
  const instance = newInstance({ timeout: 20_000 })
  await instance.start({ wait: false })
  const ready = instance.ready({ timeout: 2000 })
  block(4000)
  await ready
})

test('a reply that came in time counts, although Node was busy', async () => {
  const instance = await startInstance({ recordChanges: true, timeout: 2000 })
  await instance.command('1')
  const answer = instance.command('1 + 1', { timeout: 200 })
  await setImmediate()
  block(1000)
  expect(await answer).toEqual([2])
})
