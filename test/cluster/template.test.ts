import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { ClusterOptions, TarantoolCluster } from '../../src/index.ts'
import { listTemplates, templatesRoot } from '../../src/seed/template-cache.ts'
import { newCluster, oneInstance, threeInstances } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { contentOf, temporaryDirectory, useOwnCache, writeFiles } from '../support/instances.ts'

useOwnCache()

const ready = 'return box.space.users ~= nil and box.space.users.index[0] ~= nil'
const ofStorages = `${ready} or box.info.name == 'r-001'`

// A line for each run of the seed: it is appended to, and so no input of the template.
function countedSeed(): { seedLua: string; runs: () => string[] } {
  const file = join(temporaryDirectory(), 'runs')
  writeFileSync(file, '')
  const seedLua = `
    local file = io.open('${file}', 'a') file:write(box.info.name .. '\\n') file:close()
    box.space.users:insert({ 1, 'ann' })`
  return { seedLua, runs: () => readFileSync(file, 'utf8').split('\n').filter(Boolean) }
}

const templates = (): ReturnType<typeof listTemplates> => listTemplates(templatesRoot() ?? '')
const states = async (): Promise<string[]> => (await templates()).map(({ manifest }) => manifest.state)

/** Starts a cluster, and returns the lines that the fixture said. */
async function startAndStop(options: ClusterOptions): Promise<string[]> {
  const lines: string[] = []
  const cluster = await newCluster({ ...options, logger: line => lines.push(line) }).start()
  await cluster.stop()
  return lines.filter(line => line.startsWith('tarantool-fixture: '))
}

async function onEach(cluster: TarantoolCluster, lua: string): Promise<Record<string, unknown>> {
  const answers = cluster.instances.map(async instance => [instance.name, (await instance.eval(lua))[0]])
  return Object.fromEntries(await Promise.all(answers))
}

const users = (cluster: TarantoolCluster): Promise<Record<string, unknown>> =>
  onEach(cluster, 'return box.space.users and box.space.users:select{}')
const identities = 'return { box.info.uuid, box.info.name, box.info.cluster.uuid, box.info.replicaset.uuid }'

describe('a template of a cluster', () => {
  beforeEach(context => skipWithout('a config file', context))

  test('has the UUIDs and names of all instances, and the rows of the seed on all replicas', async () => {
    const { seedLua, runs } = countedSeed()
    const options = {
      app: threeInstances(),
      connect: 's-001',
      ready: ofStorages,
      seedLua,
      seed: { users: [[2, 'bob']] },
    }
    const rows = [
      [1, 'ann'],
      [2, 'bob'],
    ]
    let before: unknown
    for (const state of ['untried', 'proven', 'proven']) {
      const cluster = await newCluster(options).start()
      expect(await users(cluster)).toEqual({ 'r-001': null, 's-001': rows, 's-002': rows })
      before ??= await onEach(cluster, identities)
      expect(await onEach(cluster, identities)).toEqual(before)
      expect(await states()).toEqual([state])
      // The copies replicate.
      await cluster.instance('s-001').call('add_user', 3, 'eve')
      const count = (): unknown => cluster.instance('s-002').eval('return box.space.users:count()')
      await expect.poll(count, { timeout: 10_000, interval: 10 }).toEqual([3])
      await cluster.stop()
    }
    expect(runs()).toEqual(['s-001'])
    const [template] = await templates()
    expect(template?.manifest.seed).toMatch(/^[\w.-]+: seedLua, seed$/)
  })

  test('is what a cluster without a seed begins with, too; one instance without a seed has none', async () => {
    const app = threeInstances()
    const [first, second] = [newCluster({ app }), newCluster({ app })]
    const before = await onEach(await first.start(), identities)
    expect(await onEach(await second.start(), identities)).toEqual(before)
    expect(await states()).toEqual(['proven'])
    await startAndStop({ app: oneInstance(), ready })
    expect(await templates()).toHaveLength(1)
  })

  test('serves clusters that start together: one seeds', async () => {
    const { seedLua, runs } = countedSeed()
    const options = { app: oneInstance(), ready, seedLua }
    const clusters = await Promise.all([1, 2, 3].map(() => newCluster(options).start()))
    for (const cluster of clusters) expect(await users(cluster)).toEqual({ 'only-001': [[1, 'ann']] })
    await clusters[0]?.instance().call('add_user', 2, 'bob')
    expect(await users(clusters[1] as TarantoolCluster)).toEqual({ 'only-001': [[1, 'ann']] })
    expect(runs()).toHaveLength(1)
  })

  test('is what an empty restart begins with; a restart with its data is not seeded again', async () => {
    const { seedLua, runs } = countedSeed()
    const cluster = await newCluster({ app: oneInstance(), ready, seedLua }).start()
    await cluster.instance().call('add_user', 5, 'eve')
    await cluster.restart()
    expect(await cluster.instance().eval('return box.space.users:count()')).toEqual([2])
    for (let round = 1; round <= 2; round++) {
      await cluster.restart({ recreate: true })
      expect(await users(cluster)).toEqual({ 'only-001': [[1, 'ann']] })
    }
    expect(runs()).toHaveLength(1)
  })

  test('seedTemplate: false seeds each start', async () => {
    const { seedLua, runs } = countedSeed()
    const options = { app: oneInstance(), ready, seedLua, seedTemplate: false }
    await startAndStop(options)
    await startAndStop(options)
    expect(runs()).toHaveLength(2)
    expect(await templates()).toEqual([])
  })
})

describe('a template of a cluster is made anew after a change of', () => {
  beforeEach(context => skipWithout('a config file', context))

  test.each<[string, (files: { app: string; seed: string }) => Partial<ClusterOptions> | undefined]>([
    ['the seed', ({ seed }) => void appendFileSync(join(seed, 'seed.lua'), '\n-- changed')],
    ['a module beside the seed', ({ seed }) => void appendFileSync(join(seed, 'names.lua'), '\n-- changed')],
    ['the application', ({ app }) => void appendFileSync(join(app, 'app.lua'), '\n-- changed')],
    ['a module of its .rocks', ({ app }) => void appendFileSync(join(app, '.rocks/share/tarantool/rock.lua'), '\n--')],
    ['a directory that it lists', ({ app }) => void writeFileSync(join(app, 'migrations/2.lua'), '')],
    ['the config', ({ app }) => void appendFileSync(join(app, 'config.yaml'), '\nreplication: { timeout: 0.5 }\n')],
    ['the overlay', () => ({ set: { 'replication.timeout': 0.5 } })],
    ['the environment', () => ({ env: { SHOP: 'open' } })],
  ])('%s', async (_, change) => {
    const app = writeFiles({
      'app.lua': `
        require('rock')
        require('fio').listdir(require('fio').cwd() .. '/migrations')
        box.schema.space.create('users', { if_not_exists = true }):create_index('id', { if_not_exists = true })`,
      'migrations/1.lua': '',
      '.rocks/share/tarantool/rock.lua': 'return {}',
      'config.yaml': 'app: { file: app.lua }\ngroups: { g: { replicasets: { r: { instances: { i: {} } } } } }',
    })
    const seed = writeFiles({
      'seed.lua': "box.space.users:insert(require('names'))",
      'names.lua': "return { 1, 'ann' }",
    })
    const options = { app, seedLua: join(seed, 'seed.lua') }
    await startAndStop(options)
    await startAndStop(options)
    expect(await states()).toEqual(['proven'])
    const changed = change({ app, seed })
    await startAndStop({ ...options, ...changed })
    expect((await states()).sort()).toEqual(['proven', 'untried'])
  })
})

describe('the seed of a cluster', () => {
  beforeEach(context => skipWithout('a config file', context))

  test('runs on the instances of seedOn; the leader of a replica set runs it for a replica, once', async () => {
    const { seedLua, runs } = countedSeed()
    const app = threeInstances()
    const cluster = await newCluster({ app, ready: ofStorages, seedLua, seedOn: ['s-002', 's-001'] }).start()
    expect(runs()).toEqual(['s-001'])
    expect(await users(cluster)).toMatchObject({ 's-002': [[1, 'ann']] })
  })

  test.each<[string, object, object]>([
    [
      'a row that does not fit',
      { seed: { users: [{ id: 1 }] } },
      { code: 'ERR_TARANTOOL_SEED', space: 'users', row: 0, summary: expect.stringContaining('Tarantool s-001[') },
    ],
    [
      'a space of another instance',
      { seed: { users: [] }, seedOn: 'r-001' },
      { code: 'ERR_TARANTOOL_SEED', hint: expect.stringContaining("'seedOn' names the instances") },
    ],
    [
      'Lua that raises an error',
      { seedLua: '\nlocal settings\nreturn settings.port' },
      {
        code: 'ERR_TARANTOOL_INIT_SCRIPT',
        file: 'seedLua',
        line: 3,
        luaStack: 'stack traceback:\n\tseedLua:3: in main chunk',
      },
    ],
    [
      'a seed that takes too long',
      { seedLua: "require('fiber').sleep(100)", timeout: 3000 },
      { code: 'ERR_TARANTOOL_START_TIMEOUT', summary: expect.stringMatching(/s-001\[.*was not seeded within 3000 ms/) },
    ],
    [
      'an instance that does not exist',
      { seedLua: 'return', seedOn: 's-003' },
      { code: 'ERR_TARANTOOL_INVALID_OPTION', summary: expect.stringContaining("option 'seedOn': ") },
    ],
    [
      'an instance that is left out',
      { seedLua: 'return', seedOn: ['s-001', 'r-001'], instances: /^s/ },
      { code: 'ERR_TARANTOOL_INVALID_OPTION', summary: expect.stringContaining("'r-001' is not among those to start") },
    ],
    [
      'a replica set that is read-only',
      { seedLua: 'return', set: { 'groups.storages.replicasets.s.leader': null } },
      { code: 'ERR_TARANTOOL_CLUSTER_CONFIG' },
    ],
  ])('%s fails the start, and nothing is left', async (_, options, error) => {
    const cluster = newCluster({ app: threeInstances(), connect: 's-001', ready: ofStorages, ...options })
    await expect(cluster.start()).rejects.toMatchObject(error)
    expect(cluster.state).toBe('failed')
    expect(contentOf(cluster.directory)).toEqual([])
    expect(await templates()).toEqual([])
  })

  test('a stop while it runs ends it, and leaves no template', async () => {
    const options = { app: oneInstance(), ready, seedLua: "require('log').info('seeding') require('fiber').sleep(100)" }
    const lines: string[] = []
    const cluster = newCluster({ ...options, logger: line => lines.push(line) })
    const started = cluster.start().catch((error: unknown) => error)
    await expect.poll(() => lines.some(line => line.includes('seeding')), { timeout: 10_000 }).toBe(true)
    await cluster.stop()
    expect(await started).toMatchObject({ code: 'ERR_TARANTOOL_START_ABORTED' })
    expect(contentOf(cluster.directory)).toEqual([])
    expect(contentOf(templatesRoot() ?? '')).toEqual([])
    expect(lines.filter(line => line.startsWith('tarantool-fixture: '))).toEqual([])
  })
})

describe('a template of a cluster that cannot be used', () => {
  beforeEach(context => skipWithout('a config file', context))

  test.each<[string, (path: string) => void]>([
    ['a damaged snapshot', path => writeFileSync(path, 'nonsense')],
    ['no snapshot of one instance', path => rmSync(path)],
  ])('%s: it is made anew', async (_, damage) => {
    const { seedLua, runs } = countedSeed()
    const options = { app: threeInstances(), connect: 's-001', ready: ofStorages, seedLua }
    await startAndStop(options)
    await startAndStop(options)
    const [template] = await templates()
    const directory = template?.directory ?? ''
    const [snapshot = ''] = readdirSync(join(directory, 's-002'))
    damage(join(directory, 's-002', snapshot))
    const cluster = await newCluster(options).start()
    expect(await users(cluster)).toMatchObject({ 's-001': [[1, 'ann']], 's-002': [[1, 'ann']] })
    expect(runs()).toHaveLength(2)
    expect(await states()).toEqual(['untried'])
  })

  test('an application that creates what is there: it is refused, and the reason is said once', async () => {
    const app = writeFiles({
      'app.lua': "box.schema.space.create('users'):create_index('id')",
      'config.yaml': 'app: { file: app.lua }\ngroups: { g: { replicasets: { r: { instances: { i: {} } } } } }',
    })
    const { seedLua, runs } = countedSeed()
    expect(await startAndStop({ app, seedLua })).toEqual([])
    const [told, ...more] = await startAndStop({ app, seedLua })
    expect(told).toMatch(
      /^tarantool-fixture: The cluster \(.*: seedLua\) is seeded at each start: [^[]*Space 'users' already exists\.$/,
    )
    expect(more).toEqual([])
    expect(await startAndStop({ app, seedLua })).toEqual([])
    expect(runs()).toHaveLength(3)
    expect(await states()).toEqual(['refused'])
    expect(contentOf((await templates())[0]?.directory ?? '')).toEqual(['template.json'])
  })

  test('an application that is ready with new data only: it costs its time once in a process', async () => {
    const app = writeFiles({
      'app.lua': `
        IS_NEW = box.space.users == nil
        box.schema.space.create('users', { if_not_exists = true }):create_index('id', { if_not_exists = true })`,
      'config.yaml': 'app: { file: app.lua }\ngroups: { g: { replicasets: { r: { instances: { i: {} } } } } }',
    })
    const options = { app, ready: 'return IS_NEW', timeout: 3000, seed: { users: [[1]] } }
    expect(await startAndStop(options)).toEqual([])
    const [told, ...more] = await startAndStop(options)
    expect(told).toMatch(/from its template was not ready within 3000 ms: 'ready' is not true: return IS_NEW\.$/)
    expect(more).toEqual([])
    expect(await startAndStop(options)).toEqual([])
    expect(await states()).toEqual(['untried'])
  })

  test('an application that writes at each start: other data than the seeded cluster', async () => {
    const app = writeFiles({
      'app.lua': `
        local users = box.schema.space.create('users', { if_not_exists = true })
        users:create_index('id', { if_not_exists = true })
        users:auto_increment({ 'start' })`,
      'config.yaml': 'app: { file: app.lua }\ngroups: { g: { replicasets: { r: { instances: { i: {} } } } } }',
    })
    const options = { app, seed: { users: [[99]] } }
    await startAndStop(options)
    expect(await startAndStop(options)).toEqual([expect.stringContaining('in i: users')])
    expect(await states()).toEqual(['refused'])
  })
})
