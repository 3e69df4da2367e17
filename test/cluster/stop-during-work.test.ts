import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { TarantoolReplicaSet } from '../../src/index.ts'
import { appOfMembers, newReplicaSet } from '../support/clusters.ts'

const often = { interval: 1, timeout: 10_000 }

const third = (set: TarantoolReplicaSet): unknown => set.instances[2]?.state

/** Work, and the moments at which the set is stopped meanwhile. */
const works: Record<
  string,
  { work: (set: TarantoolReplicaSet) => Promise<unknown>; at?: Record<string, (set: TarantoolReplicaSet) => boolean> }
> = {
  'a reset': { work: set => set.reset() },
  'a reset after the end of a member': {
    work: async set => {
      await set.instance('m-2').kill({ cleanup: false })
      await set.reset()
    },
    at: { 'the new process starts': set => set.instance('m-2').state === 'starting' },
  },
  'addReplica()': {
    work: set => set.addReplica(),
    at: {
      'the member starts': set => third(set) === 'starting',
      'the member runs': set => third(set) === 'running',
    },
  },
  'remove()': {
    work: set => set.remove('m-2'),
    at: { 'the member has ended': set => !set.instance('m-2').isRunning },
  },
  'a restart': {
    work: set => set.restart(),
    at: {
      'the members have ended': ({ state }) => state === 'stopped',
      'they start': ({ state }) => state === 'starting',
    },
  },
  'an empty restart': { work: set => set.restart({ recreate: true }) },
  'waitForFullMesh()': {
    work: async set => {
      await set.instance('m-2').kill({ cleanup: false })
      await set.waitForFullMesh()
    },
    at: { 'it waits': set => !set.instance('m-2').isRunning },
  },
  'waitForLeader()': { work: set => set.waitForLeader({ not: 'm-1' }) },
}

const moments = Object.entries(works).flatMap(([what, { work, at = {} }]) =>
  Object.entries({ 'at once': (_: TarantoolReplicaSet) => true, ...at }).map(([when, isThere]) => ({
    what,
    when,
    work,
    isThere,
  })),
)

test.each(moments)(
  'a set that is stopped during $what stays so, and the call ends: $when',
  async ({ work, isThere }) => {
    const set = await newReplicaSet({ replicas: 2, name: 'm', appLua: appOfMembers, recordChanges: true }).start()
    await set.instance('m-1').call('add_user', 1, 'ann')
    let hasEnded = false
    const end = work(set)
      .then(
        () => undefined,
        (error: Error) => error,
      )
      .finally(() => {
        hasEnded = true
      })
    await expect.poll(() => hasEnded || isThere(set), often).toBe(true)
    await set.stop()
    await end
    expect(set.state).toBe('stopped')
    expect(set.instances.filter(({ isRunning, pid }) => isRunning || pid !== undefined)).toEqual([])
    expect(existsSync(set.directory)).toBe(false)
  },
)
