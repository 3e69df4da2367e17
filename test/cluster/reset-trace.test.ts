import { afterEach, expect, test } from 'vitest'
import { TarantoolReplicaSet } from '../../src/cluster/replica-set.ts'
import { resolveReplicaSetOptions } from '../../src/config/resolve-replica-set.ts'
import { appOfMembers } from '../support/clusters.ts'
import { useOwnCache } from '../support/instances.ts'

useOwnCache()

const sets: TarantoolReplicaSet[] = []

afterEach(async () => {
  await Promise.all(sets.splice(0).map(set => set.kill()))
})

/** A set of three, and the steps that its resets report. */
async function startTraced(): Promise<{ set: TarantoolReplicaSet; steps: string[] }> {
  const steps: string[] = []
  const options = { replicas: 3, name: 'm', appLua: appOfMembers, recordChanges: true, quiet: true }
  const { replicaSet, shared } = resolveReplicaSetOptions(options, process.cwd())
  const set = TarantoolReplicaSet.of({ replicaSet, shared: { ...shared, trace: step => void steps.push(step) } })
  sets.push(set)
  await set.start()
  return { set, steps }
}

const replacements = (steps: readonly string[]): string[] => steps.filter(step => step.startsWith('replaces'))

test('a reset says which member it replaces, and why', async () => {
  const { set, steps } = await startTraced()
  await set.reset()
  expect(replacements(steps)).toEqual([])
  await set.instance('m-2').kill({ cleanup: false })
  await set.reset()
  expect(replacements(steps)).toEqual([expect.stringMatching(/^replaces instance 'm-2': .*m-2.*/)])
})

test('a reset says which replica set it replaces, and why', async () => {
  const { set, steps } = await startTraced()
  await Promise.all(set.instances.map(instance => instance.kill({ cleanup: false })))
  await set.reset()
  expect(replacements(steps)).toEqual([expect.stringMatching(/^replaces all instances of replica set 'm': .+/)])
  expect((await set.leader()).name).toBe('m-1')
})
