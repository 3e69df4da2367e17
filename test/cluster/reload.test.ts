import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { ClusterConfig, TarantoolCluster } from '../../src/index.ts'
import { newCluster, oneInstance, threeInstances } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { onEach } from '../support/members.ts'

const groups = { g: { replicasets: { r: { instances: { 'only-001': {} } } } } }
const account = { users: { app: { password: 'secret', roles: ['super'] } } }

const levelOf = async (cluster: TarantoolCluster): Promise<unknown> =>
  (await cluster.instance().eval("return require('config'):get('log.level')"))[0]

describe('reload', () => {
  beforeEach(context => skipWithout('a config file', context))

  test('reads the file again, applies another one, or an object; a new start has the own file', async () => {
    const app = oneInstance()
    const own = join(app, 'config.yaml')
    const cluster = await newCluster({ app }).start()
    const { pid, port } = cluster.instance()
    writeFileSync(join(app, 'quiet.yaml'), JSON.stringify({ groups, log: { level: 2 } }))
    await cluster.reload('quiet.yaml')
    expect(await levelOf(cluster)).toBe(2)
    await cluster.reload({ groups, log: { level: 3 } })
    expect(await levelOf(cluster)).toBe(3)
    writeFileSync(own, JSON.stringify({ groups, log: { level: 6 } }))
    await cluster.reload()
    expect(await levelOf(cluster)).toBe(6)
    expect(cluster.instance()).toMatchObject({ pid, port })
    await cluster.reload(join(app, 'quiet.yaml'))
    await cluster.restart()
    expect(await levelOf(cluster)).toBe(2)
    await cluster.restart({ recreate: true })
    expect(await levelOf(cluster)).toBe(6)
  })

  test('keeps what set() laid over the config', async () => {
    const cluster = await newCluster({ app: oneInstance(), set: { 'replication.timeout': 0.5 } }).start()
    await cluster.set({ 'log.level': 7 })
    await cluster.reload({ groups })
    const asked = "local config = require('config') return config:get('replication.timeout'), config:get('log.level')"
    expect(await cluster.instance().eval(asked)).toEqual([0.5, 7])
    await cluster.set({ 'log.level': null })
    expect(await levelOf(cluster)).toBe(5)
  })

  test('reaches each instance', async () => {
    const cluster = await newCluster({ app: threeInstances(), instances: /^s-/ }).start()
    const replicasets = { s: { leader: 's-002', instances: { 's-001': {}, 's-002': {}, 's-003': {} } } }
    const credentials = { users: { replicator: { password: 'topsecret', roles: ['replication'] } } }
    const iproto = { advertise: { peer: { login: 'replicator' } } }
    const replication = { failover: 'manual', timeout: 0.1 }
    await cluster.reload({ credentials, iproto, replication, groups: { storages: { replicasets } } })
    expect(await cluster.leader()).toBe(cluster.instance('s-002'))
    expect(cluster.instances.map(({ name }) => name)).toEqual(['s-001', 's-002'])
  })

  const bad: readonly { name: string; config: string | ClusterConfig; code?: string; message: RegExp }[] = [
    { name: 'no such file', config: 'none.yaml', code: 'INVALID_OPTION', message: /there is no config .*\/none\.yaml/ },
    { name: 'a list', config: [] as never, code: 'INVALID_OPTION', message: /reload: the config must be an object/ },
    { name: 'a number', config: 5 as never, code: 'INVALID_OPTION', message: /reload: the config must be an object/ },
    { name: 'a function', config: { log: { level: () => 1 } } as never, code: 'INVALID_OPTION', message: /'log'/ },
    {
      name: 'an unknown option',
      config: { groups, log: { levl: 7 } },
      message: /^the config given to reload\(\): .*log: Unexpected field "levl"/,
    },
    { name: 'no such instance', config: { groups: {} }, message: /reload\(\) lacks the instance 'only-001'/ },
    {
      name: 'the instance elsewhere',
      config: { groups: { g: { replicasets: { other: { instances: { 'only-001': {} } } } } } },
      message: /'only-001' in 'g\.other', and the cluster has it in 'g\.r'/,
    },
    {
      name: 'a role that is nowhere',
      config: { groups, roles: ['no-such-role'] },
      message: /^Tarantool only-001\[.*\] refused the config: .*no-such-role/,
    },
  ]

  test('refuses what does not fit, and the config stays as it was', async () => {
    const cluster = await newCluster({ app: oneInstance(), set: { 'log.level': 6 } }).start()
    for (const { name, config, code = 'CLUSTER_CONFIG', message } of bad) {
      await expect.soft(cluster.reload(config), name).rejects.toMatchObject({
        code: `ERR_TARANTOOL_${code}`,
        summary: expect.stringMatching(message),
      })
      expect.soft(await levelOf(cluster), name).toBe(6)
    }
    expect(await cluster.instance().eval("return require('config'):info().status")).toEqual(['ready'])
  })

  test('refuses a config in which the user of the tests has another password', async () => {
    const cluster = await newCluster({ app: oneInstance(), as: 'app' }).start()
    await cluster.reload({ groups, credentials: account })
    await expect(cluster.reload({ groups })).rejects.toThrow("has no user 'app'")
    const other = { users: { app: { password: 'other', roles: ['super'] } } }
    await expect(cluster.reload({ groups, credentials: other })).rejects.toThrow("another password for the user 'app'")
    expect(await cluster.instance().eval('return box.session.user()')).toEqual(['app'])
  })

  test('needs instances that can apply the config: none is paused', async () => {
    const cluster = await newCluster({ app: threeInstances() }).start()
    const level = "return require('config'):get('log.level')"
    const before = await onEach(cluster, level)
    const paused = cluster.instance('s-002')
    await paused.pause()
    const refusal = {
      ...{ code: 'ERR_TARANTOOL_CLUSTER_CONFIG', hint: "Resume 's-002' first." },
      summary: "instance 's-002' is paused, so it cannot apply a config",
    }
    await expect(cluster.set({ 'log.level': 'debug' })).rejects.toMatchObject(refusal)
    await expect(cluster.reload()).rejects.toMatchObject(refusal)
    await paused.resume()
    expect(await onEach(cluster, level)).toEqual(before)
    await cluster.set({ 'log.level': 'debug' })
    expect(await onEach(cluster, level)).toEqual(['debug', 'debug', 'debug'])
  })

  test('needs a cluster that runs', async () => {
    await expect(newCluster({ app: oneInstance() }).reload()).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_NOT_RUNNING',
    })
  })
})
