import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TarantoolCluster } from '../../src/index.ts'
import { ownDataFiles } from '../../src/instance/kept/data-files.ts'
import { newCluster } from '../support/clusters.ts'
import { has } from '../support/features.ts'
import { useOwnCache, writeFiles } from '../support/instances.ts'
import { onEach } from '../support/members.ts'

useOwnCache()

/** What the config says about the leader, by the mode of failover. */
const modes = {
  manual: { failover: 'manual', leader: 'leader: s-001,', first: '{}' },
  off: { failover: 'off', leader: '', first: '{ database: { mode: rw } }' },
} as const

type Mode = keyof typeof modes

const filesOf = (mode: Mode): Record<string, string> => ({
  'storage.lua': `
box.watch('box.status', function()
    if box.info.ro then return end
    box.schema.space.create('users', { if_not_exists = true }):create_index('id', { if_not_exists = true })
    box.schema.space.create('own', { if_not_exists = true, is_local = true }):create_index('id', { if_not_exists = true })
    box.schema.space.create('passing', { if_not_exists = true, temporary = true }):create_index('id', { if_not_exists = true })
end)`,
  'router.lua': "function greet() return 'hello' end",
  'later.lua': 'return {}',
  'config.yaml': `
credentials: { users: { replicator: { password: secret, roles: [replication] } } }
iproto: { advertise: { peer: { login: replicator } } }
replication: { timeout: 0.1 }
groups:
  routers:
    app: { file: router.lua }
    replicasets: { r: { instances: { r-001: { database: { mode: rw } } }, replication: { failover: off } } }
  storages:
    app: { file: storage.lua }
    replication: { failover: ${modes[mode].failover} }
    replicasets:
      s: { ${modes[mode].leader} instances: { s-001: ${modes[mode].first}, s-002: {}, s-003: {} } }
`,
})

const look = `local rows = {}
for _, name in ipairs({ 'users', 'own', 'passing' }) do rows[name] = box.space[name] and box.space[name]:select() end
local config = require('config')
return { rows = rows, new_global = rawget(_G, 'new_global'), greet = rawget(_G, 'greet') ~= nil, ro = box.info.ro,
    threshold = box.cfg.too_long_threshold, level = box.cfg.log_level, of_config = config:get('log.level'), status = config:info().status }`

async function startFrom(mode: Mode): Promise<TarantoolCluster> {
  const start = async (): Promise<TarantoolCluster> =>
    await newCluster({
      ...{ app: writeFiles(filesOf(mode)), connect: 'r-001', recordChanges: true, timeout: 20_000 },
      ...{ seedOn: 's-001', seedLua: "box.space.users:insert({ 100, 'of the seed' })" },
      ready: "return box.info.name == 'r-001' or box.space.passing ~= nil and box.space.passing.index[0] ~= nil",
    }).start()
  // Only clusters that start from a template can replace an instance.
  await (await start()).kill()
  const cluster = await start()
  await cluster.waitForVclock(await cluster.leader('s'))
  return cluster
}

const kill = async (cluster: TarantoolCluster, name: string): Promise<void> => {
  await cluster.instance(name).kill({ cleanup: false })
}

const lose = async (cluster: TarantoolCluster, name: string): Promise<void> => {
  await kill(cluster, name)
  const { workDir } = cluster.instance(name)
  for (const file of ownDataFiles(workDir)) rmSync(join(workDir, file))
}

const pause = async (cluster: TarantoolCluster, name: string): Promise<void> => {
  cluster.instance(name).process?.sendSignal('SIGSTOP')
}

/** Lets another instance lead, as an operator does it. */
async function move(cluster: TarantoolCluster, mode: Mode, to = 's-002'): Promise<void> {
  const former = await cluster.leader('s')
  if (mode === 'manual') await cluster.set({ 'groups.storages.replicasets.s.leader': to })
  if (mode === 'off') {
    const place = 'groups.storages.replicasets.s.instances'
    await cluster.set({ [`${place}.${former.name}.database.mode`]: 'ro', [`${place}.${to}.database.mode`]: 'rw' })
  }
  await cluster.waitForLeader({ not: former })
  await cluster.instance(to).eval("box.space.users:insert({ 50, 'of another leader' })")
}

type Disturb = (cluster: TarantoolCluster, mode: Mode) => Promise<unknown>

/** What a test does, and the instances that have other processes after it. */
const disturbances: [title: string, renewed: string[], disturb: Disturb][] = [
  ['nothing else', [], async () => {}],
  ['a killed leader', ['s-001'], cluster => kill(cluster, 's-001')],
  ['a killed replica', ['s-002'], cluster => kill(cluster, 's-002')],
  ['a killed replica that has lost its data', ['s-002'], cluster => lose(cluster, 's-002')],
  ['a killed router', ['r-001'], cluster => kill(cluster, 'r-001')],
  ['a stopped replica', ['s-003'], cluster => cluster.instance('s-003').stop({ cleanup: false })],
  ['a restarted replica', ['s-002'], cluster => cluster.instance('s-002').restart()],
  ['a restarted leader', ['s-001'], cluster => cluster.instance('s-001').restart()],
  ['a paused leader', [], cluster => pause(cluster, 's-001')],
  ['a paused replica', [], cluster => pause(cluster, 's-003')],
  ['a paused router', [], cluster => pause(cluster, 'r-001')],
  ['a moved leader', [], (cluster, mode) => move(cluster, mode)],
  [
    'another config, and a killed leader',
    ['s-001'],
    async cluster => {
      await cluster.set({ 'log.level': 'debug' })
      await kill(cluster, 's-001')
    },
  ],
  [
    'a killed replica, and another config',
    ['s-002'],
    async cluster => {
      await kill(cluster, 's-002')
      await cluster.set({ 'log.level': 'debug' })
    },
  ],
  [
    'a moved leader that is killed',
    ['s-002'],
    async (cluster, mode) => {
      await move(cluster, mode)
      await kill(cluster, 's-002')
    },
  ],
  [
    'a moved leader, and the end of the former one',
    ['s-001'],
    async (cluster, mode) => {
      await move(cluster, mode)
      await kill(cluster, 's-001')
    },
  ],
  [
    'a moved leader that is paused',
    [],
    async (cluster, mode) => {
      await move(cluster, mode)
      await pause(cluster, 's-002')
    },
  ],
]

async function change(cluster: TarantoolCluster): Promise<void> {
  await cluster
    .instance('s-001')
    .eval("box.space.users:insert({ 1, 'ann' }) box.space.users:delete(100) box.space.own:insert({ 1 })")
  await cluster.waitForVclock('s-001')
  await cluster
    .instance('s-002')
    .eval("box.space.own:insert({ 2 }) box.space.passing:insert({ 2 }) rawset(_G, 'new_global', 2)")
  await cluster.instance('s-003').eval('box.cfg({ too_long_threshold = 7 })')
  await cluster.instance('r-001').eval("greet = nil rawset(_G, 'new_global', 1)")
}

// The modes differ in how the leader is moved.
const casesOf = (mode: Mode): typeof disturbances =>
  disturbances.filter(([title]) => mode === 'manual' || title.startsWith('a moved leader'))

describe.skipIf(!has('a config file')).each(Object.keys(modes) as Mode[])("a cluster with failover '%s'", mode => {
  test.each(casesOf(mode))('is as before after a test, and in a suite: %s', async (_, renewed, disturb) => {
    const cluster = await startFrom(mode)
    const newcomersOf = (): (() => string[]) => {
      const pids = new Map(cluster.instances.map(({ name, pid }) => [name, pid]))
      return () => cluster.instances.filter(({ name, pid }) => pid !== pids.get(name)).map(({ name }) => name)
    }
    const goBack = async (operation: 'enter' | 'rewind', keep: number): Promise<void> => {
      cluster.resume()
      expect((await cluster.ask(operation, keep)).lost).toBeUndefined()
    }
    await goBack('enter', 0)
    const before = await onEach(cluster, look)
    for (let round = 0; round < 2; round++) {
      const newcomers = newcomersOf()
      await change(cluster)
      await disturb(cluster, mode)
      await goBack('enter', 0)
      expect(await onEach(cluster, look)).toEqual(before)
      expect(newcomers()).toEqual(renewed)
    }
    await cluster.set({ 'log.level': 'verbose' })
    await cluster.instance('s-001').eval("box.space.users:insert({ 2, 'of the hooks' })")
    await goBack('enter', 1)
    const ofSuite = await onEach(cluster, look)
    expect(ofSuite).not.toEqual(before)
    for (let round = 0; round < 2; round++) {
      const newcomers = newcomersOf()
      await change(cluster)
      await disturb(cluster, mode)
      await goBack('enter', 1)
      expect(await onEach(cluster, look)).toEqual(ofSuite)
      expect(newcomers()).toEqual(renewed)
    }
    await goBack('rewind', 0)
    expect(await onEach(cluster, look)).toEqual(before)
  })
})

test.skipIf(!has('a config file'))('own state of hooks beside another config ends with its process', async () => {
  const cluster = await startFrom('manual')
  await cluster.ask('enter', 0)
  await cluster.set({ 'log.level': 'verbose' })
  await cluster.instance('s-002').eval("rawset(_G, 'new_global', 'of the hooks')")
  await cluster.ask('enter', 1)
  await kill(cluster, 's-003')
  expect((await cluster.ask('enter', 1)).lost).toBeUndefined()
  await kill(cluster, 's-002')
  expect((await cluster.ask('enter', 1)).lost).toContain("instance 's-002' was stopped, killed or restarted")
})

// Tarantool makes a new object of its config then, and keeps the former one for nobody.
test.skipIf(!has('a config file'))(
  'a config that a test has changed is no state of an instance afterwards',
  async () => {
    const cluster = await startFrom('manual')
    const goBack = async (operation: 'enter' | 'nest', keep: number): Promise<void> =>
      expect((await cluster.ask(operation, keep)).lost).toBeUndefined()
    await goBack('enter', 0)
    await cluster.instance('s-001').eval("box.space.users:insert({ 2, 'of the hooks' })")
    await goBack('enter', 1)
    await cluster.set({ 'log.level': 'verbose' })
    // The functions are read again when there are other modules.
    await onEach(cluster, "require('later')")
    await goBack('enter', 1)
    await goBack('nest', 0)
    await kill(cluster, 's-002')
    await goBack('enter', 2)
    expect(await cluster.instance('s-002').eval('return box.space.users:get(2)')).toEqual([[2, 'of the hooks']])
  },
)
