import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type InstanceOptions, TarantoolInstance } from '../../src/index.ts'
import { listTemplates, templatesRoot } from '../../src/seed/template-cache.ts'
import {
  contentOf,
  newInstance,
  startInstance,
  temporaryDirectory,
  useOwnCache,
  writeFiles,
} from '../support/instances.ts'

useOwnCache()

const appLua = `
  box.schema.space.create('users', { if_not_exists = true, format = { { 'id', 'unsigned' }, { 'name', 'string' } } })
  box.space.users:create_index('primary', { if_not_exists = true })
  app_has_run = true`

// A line for each run of the seed: it is appended to, and so no input of the template.
function countedSeed(): { seedLua: string; runs: () => number } {
  const file = join(temporaryDirectory(), 'runs')
  const seedLua = `
    local file = io.open('${file}', 'a') file:write('run\\n') file:close()
    box.space.users:insert({ 1, 'ann' })`
  const runs = (): number => {
    try {
      return readFileSync(file, 'utf8').split('\n').length - 1
    } catch {
      return 0
    }
  }
  return { seedLua, runs }
}

const users = async (instance: TarantoolInstance): Promise<unknown> =>
  (await instance.eval('return box.space.users:select{}'))[0]

async function templates(): ReturnType<typeof listTemplates> {
  return await listTemplates(templatesRoot() ?? '')
}

const states = async (): Promise<string[]> => (await templates()).map(({ manifest }) => manifest.state)

async function startAndStop(options: InstanceOptions): Promise<string[]> {
  const lines: string[] = []
  const instance = await newInstance({ ...options, logger: line => lines.push(line) }).start()
  await instance.stop()
  return lines.filter(line => line.startsWith('tarantool-fixture: '))
}

describe('a template', () => {
  test('is made by the first server; the next ones start from it, and run the application only', async () => {
    const { seedLua, runs } = countedSeed()
    for (const [state, options] of [
      ['untried', {}],
      ['proven', { port: await TarantoolInstance.getRandomPort(), title: 'other', logLevel: 6 }],
      ['proven', { root: temporaryDirectory(), boxCfg: { log_level: 4 } }],
    ] as const) {
      const instance = await startInstance({ appLua, seedLua, seed: { users: [[2, 'bob']] }, ...options })
      expect(await users(instance)).toEqual([
        [1, 'ann'],
        [2, 'bob'],
      ])
      expect(await instance.eval('return app_has_run')).toEqual([true])
      expect(await states()).toEqual([state])
    }
    expect(runs()).toBe(1)
  })

  test('is shared by servers that start together: one seeds', async () => {
    const { seedLua, runs } = countedSeed()
    const instances = await Promise.all(Array.from({ length: 4 }, () => startInstance({ appLua, seedLua })))
    for (const instance of instances) expect(await users(instance)).toEqual([[1, 'ann']])
    expect(runs()).toBe(1)
    expect(await states()).toEqual(['proven'])
  })

  test('is what a restart with an empty directory begins with; a start that keeps the data does not', async () => {
    const { seedLua, runs } = countedSeed()
    const instance = await startInstance({ appLua, seedLua, walMode: 'write' })
    await instance.eval(`box.space.users:insert({ 5, 'eve' })`)
    await instance.restart()
    expect(await users(instance)).toEqual([
      [1, 'ann'],
      [5, 'eve'],
    ])
    for (let round = 1; round <= 2; round++) {
      await instance.restart({ recreate: true })
      expect(await users(instance)).toEqual([[1, 'ann']])
    }
    expect(runs()).toBe(1)
  })

  test('carries vinyl data, and the server can go on from it', async () => {
    const { seedLua, runs } = countedSeed()
    const withVinyl = `${appLua}
      box.schema.space.create('v', { engine = 'vinyl', if_not_exists = true })
      box.space.v:create_index('primary', { if_not_exists = true })`
    const options = { appLua: withVinyl, walMode: 'write', seedLua, seed: { v: [[1, 'x'.repeat(1000)]] } } as const
    await startAndStop(options)
    const instance = await startInstance(options)
    expect(await instance.eval('return box.space.v:count(), #box.space.v:get(1)[2]')).toEqual([1, 1000])
    await instance.eval(`box.schema.space.create('w', { engine = 'vinyl' }):create_index('primary')
      box.space.v:insert({ 2 }) box.snapshot() box.space.v:insert({ 3 })`)
    await instance.restart()
    expect(await instance.eval('return box.space.v:count()')).toEqual([3])
    expect(runs()).toBe(1)
    // What the server did has not reached the template.
    expect(await (await startInstance(options)).eval('return box.space.v:count()')).toEqual([1])
    expect(runs()).toBe(1)
  })

  test('has the value of a sequence that only filled keys', async () => {
    const numbered = `${appLua}
      box.schema.space.create('numbered', { if_not_exists = true })
      box.space.numbered:create_index('primary', { if_not_exists = true, sequence = true })`
    const options = { appLua: numbered, seedLua: 'for _ = 1, 3 do box.space.numbered:insert({ box.NULL }) end' }
    expect([...(await startAndStop(options)), ...(await startAndStop(options))]).toEqual([])
    expect(await states()).toEqual(['proven'])
    const instance = await startInstance(options)
    expect(await instance.eval('return box.space.numbered:insert({ box.NULL })')).toEqual([[4]])
  })

  test('serves random credentials: each server has its own password', async () => {
    const { seedLua, runs } = countedSeed()
    const passwords = new Set<string | undefined>()
    for (let round = 1; round <= 3; round++) {
      const instance = await startInstance({ appLua, seedLua, credentials: 'random' })
      passwords.add(instance.credentials?.password)
      expect(await users(instance)).toEqual([[1, 'ann']])
    }
    expect(passwords.size).toBe(3)
    expect(runs()).toBe(1)
    expect(await states()).toEqual(['proven'])
  })

  test.each<[string, InstanceOptions]>([
    ['an instance that replicates', { boxCfg: { replication: [] } }],
    ['seedTemplate: false', { seedTemplate: false }],
    ['no seed', {}],
  ])('is not made for %s', async (what, options) => {
    const { seedLua, runs } = countedSeed()
    const seeded = what !== 'no seed'
    for (let round = 1; round <= 2; round++) await startAndStop({ appLua, ...(seeded && { seedLua }), ...options })
    expect(runs()).toBe(seeded ? 2 : 0)
    expect(await templates()).toEqual([])
  })
})

describe('a template is made anew after a change of', () => {
  test.each<[string, (directory: string) => void]>([
    ['the seed', directory => appendFileSync(join(directory, 'seed.lua'), '\n-- changed')],
    ['the application', directory => appendFileSync(join(directory, 'app.lua'), '\n-- changed')],
    ['a module that the seed requires', directory => appendFileSync(join(directory, 'names.lua'), '\n-- changed')],
    ['a file that the seed reads', directory => writeFileSync(join(directory, 'text.txt'), 'other text')],
    ['a file that the seed looked for', directory => writeFileSync(join(directory, 'later.lua'), 'return 1')],
    ['rows', directory => writeFileSync(join(directory, 'users.ndjson'), '[1, "bob"]')],
    [
      'a variable of the environment that the seed asks for',
      () => {
        process.env.SEED_VARIABLE = 'other'
      },
    ],
  ])('%s', async (what, change) => {
    const directory = writeFiles({
      'app.lua': appLua,
      'seed.lua': `
        require('names')
        local file = io.open('@here@/text.txt') local text = file:read('*a') file:close()
        pcall(dofile, '@here@/later.lua')
        box.space.users:insert({ 9, os.getenv('SEED_VARIABLE') or 'none' })`,
      'names.lua': `return { 'ann' }`,
      'text.txt': 'a text',
      'users.ndjson': '[1, "ann"]',
    })
    const seedFile = join(directory, 'seed.lua')
    writeFileSync(seedFile, readFileSync(seedFile, 'utf8').replaceAll('@here@', directory))
    const options = {
      appLua: join(directory, 'app.lua'),
      seedLua: seedFile,
      seed: join(directory, 'users.ndjson'),
    }
    try {
      await startAndStop(options)
      await startAndStop(options)
      expect(await states()).toEqual(['proven'])
      change(directory)
      const instance = await startInstance(options)
      expect((await states()).sort()).toEqual(['proven', 'untried'])
      const last = process.env.SEED_VARIABLE ?? 'none'
      expect(await users(instance)).toEqual([
        [1, what === 'rows' ? 'bob' : 'ann'],
        [9, last],
      ])
    } finally {
      delete process.env.SEED_VARIABLE
    }
  })

  test('options that matter', async () => {
    const { seedLua } = countedSeed()
    await startAndStop({ appLua, seedLua })
    await startAndStop({ appLua, seedLua, walMode: 'write' })
    await startAndStop({ appLua, seedLua, boxCfg: { memtx_max_tuple_size: 2 ** 20 } })
    await startAndStop({ appLua, seedLua, seed: { users: [[7, 'gil']] } })
    expect(await states()).toEqual(['untried', 'untried', 'untried', 'untried'])
  })
})

describe('a template that cannot be used is refused, and the reason is said once', () => {
  test.each([
    [
      'an application that creates what is there',
      `box.schema.space.create('users'):create_index('primary')`,
      `box.space.users:insert({ 1 })`,
      "Space 'users' already exists",
    ],
    [
      'rows of a temporary space',
      `${appLua} box.schema.space.create('cache', { temporary = true, if_not_exists = true })
       box.space.cache:create_index('primary', { if_not_exists = true })`,
      'box.space.cache:insert({ 1 })',
      'has other data than the seeded server, in cache',
    ],
    [
      'an application that adds a row at each start',
      `${appLua} box.space.users:auto_increment({ 'start' })`,
      `box.space.users:insert({ 1000, 'seed' })`,
      'in users',
    ],
  ])('%s', async (_, app, seedLua, reason) => {
    const options = { appLua: app, seedLua }
    expect(await startAndStop(options)).toEqual([])
    const [told, ...more] = await startAndStop(options)
    expect(told?.replaceAll('"', "'")).toContain(reason)
    expect(told).toMatch(/^tarantool-fixture: The seed \(seedLua\) runs at each start: [^[]*\.$/)
    expect(more).toEqual([])
    expect(await states()).toEqual(['refused'])
    // Its data does not stay in the cache.
    const [refused] = await templates()
    expect(refused?.bytes).toBe(0)
    expect(contentOf(refused?.directory ?? '')).toEqual(['template.json'])
    // Each later server is seeded, without a trial, and without a word.
    const instance = await startInstance(options)
    expect(await instance.eval('return box.space._schema:get("tarantool_fixture_seed") ~= nil')).toEqual([true])
    expect(await startAndStop(options)).toEqual([])
    expect(await states()).toEqual(['refused'])
  })

  test('leaves no process and no directory of the trial behind', async () => {
    const root = temporaryDirectory()
    const options = {
      root,
      appLua: `box.schema.space.create('users'):create_index('primary')`,
      seedLua: 'box.space.users:insert({ 1 })',
    }
    await startAndStop(options)
    const instance = await startInstance(options)
    expect(contentOf(root)).toEqual([instance.workDir.slice(root.length + 1)])
    await instance.stop()
    expect(contentOf(root)).toEqual([])
  })
})

describe('a damaged template is made anew', () => {
  const damage = (change: (path: string) => void) => async (directory: string) => {
    const [snapshot = ''] = readdirSync(directory).filter(name => name.endsWith('.snap'))
    change(join(directory, snapshot))
  }
  test.each<[string, (directory: string) => Promise<void>]>([
    [
      'a flipped byte',
      damage(path => {
        const bytes = readFileSync(path)
        bytes[bytes.length - 40] = (bytes.at(-40) ?? 0) ^ 0xff
        writeFileSync(path, bytes)
      }),
    ],
    [
      'a truncated file',
      damage(path => writeFileSync(path, readFileSync(path).subarray(0, statSync(path).size - 100))),
    ],
    [
      'a snapshot that no server starts from, with its checksum',
      async directory => {
        const [snapshot = ''] = readdirSync(directory).filter(name => name.endsWith('.snap'))
        writeFileSync(join(directory, snapshot), 'nonsense')
        const { createHash } = await import('node:crypto')
        const manifest = JSON.parse(readFileSync(join(directory, 'template.json'), 'utf8'))
        manifest.files[snapshot] = { size: 8, sha256: createHash('sha256').update('nonsense').digest('hex') }
        writeFileSync(join(directory, 'template.json'), JSON.stringify(manifest))
      },
    ],
    ['no manifest', async directory => writeFileSync(join(directory, 'template.json'), '{')],
  ])('%s', async (_, damageIt) => {
    const { seedLua, runs } = countedSeed()
    await startAndStop({ appLua, seedLua })
    await startAndStop({ appLua, seedLua })
    const [template] = await templates()
    await damageIt(template?.directory ?? '')
    const instance = await startInstance({ appLua, seedLua })
    expect(await users(instance)).toEqual([[1, 'ann']])
    expect(runs()).toBe(2)
    expect(await states()).toEqual(['untried'])
    await startAndStop({ appLua, seedLua })
    expect(await states()).toEqual(['proven'])
    expect(runs()).toBe(2)
  })
})

test('a damaged vinyl file, which a server would read late, is found before', async () => {
  const { seedLua, runs } = countedSeed()
  const withVinyl = `${appLua}
    box.schema.space.create('v', { engine = 'vinyl', if_not_exists = true })
    box.space.v:create_index('primary', { if_not_exists = true })`
  const options = { appLua: withVinyl, walMode: 'write', seedLua, seed: { v: [[1, 'x'.repeat(1000)]] } } as const
  await startAndStop(options)
  await startAndStop(options)
  const [template] = await templates()
  const [run = ''] = Object.keys(template?.manifest.files ?? {}).filter(name => name.endsWith('.run'))
  const path = join(template?.directory ?? '', run)
  const bytes = readFileSync(path)
  bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 0xff
  writeFileSync(path, bytes)
  const instance = await startInstance(options)
  expect(await instance.eval('return #box.space.v:get(1)[2]')).toEqual([1000])
  expect(runs()).toBe(2)
})

test.each(['return a +', `error('no luck')`])('a module with %j fails as it does without a template', async module => {
  const directory = writeFiles({ 'app.lua': `\nrequire('module')`, 'module.lua': module })
  const [error, bare] = await Promise.all(
    [true, false].map(seedTemplate =>
      newInstance({ appLua: join(directory, 'app.lua'), seedLua: 'return', seedTemplate })
        .start()
        .catch(error => error),
    ),
  )
  const withoutPort = (text: string): string => text.replace(/\d+\]/, '')
  expect(withoutPort(error.summary)).toBe(withoutPort(bare.summary))
  expect(error).toMatchObject({ code: 'ERR_TARANTOOL_INIT_SCRIPT', file: bare.file, line: bare.line })
})

test('no template is made where seedLua defines what a copy would not have', async () => {
  const options = { appLua, seedLua: `function helper() end box.space.users:insert({ 1, 'ann' })` }
  const [told] = await startAndStop(options)
  expect(told).toContain("seedLua defines the global 'helper', which would not be there: define it in appLua")
  expect(await startAndStop(options)).toEqual([])
  expect(await templates()).toEqual([])
})

test('without a WAL nothing survives a restart, the snapshot of the template neither', async () => {
  const creates = `box.schema.space.create('users'):create_index('primary')`
  const instance = await startInstance({ appLua: creates, seedLua: `box.space.users:insert({ 1, 'ann' })` })
  await instance.restart()
  await instance.restart()
  expect(await users(instance)).toEqual([[1, 'ann']])
  expect(await instance.eval(`box.snapshot() return 'goes on'`)).toEqual(['goes on'])
})

test('servers that wait for one that is not ready in time fail with it, and not after it', async () => {
  const hangs = { appLua: `${appLua} require('fiber').sleep(100)`, seedLua: 'return', timeout: 2000 }
  const errors = await Promise.all(
    [1, 2, 3].map(() =>
      newInstance(hangs)
        .start()
        .catch(error => error),
    ),
  )
  for (const error of errors) expect(error).toBe(errors[0])
  expect(errors[0]).toMatchObject({ code: 'ERR_TARANTOOL_START_TIMEOUT' })
})

test('a cache that cannot be written costs a word, not the start', async () => {
  const directory = writeFiles({ file: '' })
  process.env.TARANTOOL_FIXTURE_CACHE = join(directory, 'file')
  const { seedLua, runs } = countedSeed()
  const [told, ...more] = await startAndStop({ appLua, seedLua })
  expect(told).toContain('no template could be made')
  expect(more).toEqual([])
  expect(await startAndStop({ appLua, seedLua })).toEqual([])
  expect(runs()).toBe(2)
})

test('a start that is stopped while it waits for the template of another ends at once', async () => {
  const hangs = `${appLua} require('fiber').sleep(100)`
  const first = newInstance({ appLua: hangs, seedLua: 'return', timeout: 60_000 })
  const starting = first.start().catch(error => error)
  await expect.poll(() => first.pid).toBeDefined()
  const second = newInstance({ appLua: hangs, seedLua: 'return', timeout: 60_000 })
  const waiting = second.start().catch(error => error)
  await second.stop()
  expect(await waiting).toMatchObject({ code: 'ERR_TARANTOOL_START_ABORTED' })
  expect(second.pid).toBeUndefined()
  await first.stop()
  expect(await starting).toMatchObject({ code: 'ERR_TARANTOOL_START_ABORTED' })
})
