import { expect, test, vi } from 'vitest'
import {
  type InstanceOptions,
  InvalidOptionError,
  ReplicationError,
  StartTimeoutError,
  type TarantoolInstance,
} from '../../src/index.ts'
import { contentOf, newInstance, startInstance, temporaryDirectory } from '../support/instances.ts'
import { serversBelow } from '../support/processes.ts'

const withSpace = "box.schema.space.create('s', { if_not_exists = true }):create_index('p', { if_not_exists = true })"
const eventually = { timeout: 20_000, interval: 20 }
const quick = { replication_timeout: 0.1 }

const startMaster = (options: InstanceOptions = {}): Promise<TarantoolInstance> =>
  startInstance({ walMode: 'write', appLua: withSpace, boxCfg: quick, ...options })

const rowsOf = async (instance: TarantoolInstance): Promise<unknown> =>
  (await instance.eval('return box.space.s and box.space.s:select() or {}'))[0]

test.each<{ what: string; options: InstanceOptions }>([
  { what: 'with no further option', options: {} },
  { what: 'as a user with a password', options: { credentials: { user: 'replicator', password: 'sesame' } } },
  { what: 'over unix sockets', options: { host: 'unix/' } },
])('a replica has what its master has, $what', async ({ options }) => {
  const master = await startMaster(options)
  await master.eval('box.space.s:insert{ 1 }')
  const replica = await startInstance({ ...options, replicationSource: master.uri })
  expect(await rowsOf(replica)).toEqual([[1]])
  await master.eval('box.space.s:insert{ 2 }')
  await vi.waitFor(async () => expect(await rowsOf(replica)).toEqual([[1], [2]]), eventually)
  expect(await replica.status()).toBe('running')
})

test('a full mesh of three: what one writes the others have; it ends in any order and leaves nothing', async () => {
  const root = temporaryDirectory()
  const mesh = [1, 2, 3].map(() =>
    newInstance({ root, timeout: 30_000, boxCfg: quick, credentials: { user: 'u', password: 'p' } }),
  )
  await Promise.all(mesh.map(instance => instance.prepare()))
  for (const instance of mesh) instance.replicationSource = mesh.map(({ uri }) => uri)
  await Promise.all(mesh.map(instance => instance.start()))
  const [first, ...others] = mesh as [TarantoolInstance, ...TarantoolInstance[]]
  await first.eval(withSpace)
  await first.eval('box.space.s:insert{ 1 }')
  for (const instance of others) {
    await vi.waitFor(async () => expect(await rowsOf(instance)).toEqual([[1]]), eventually)
  }
  expect(await Promise.all(mesh.map(instance => instance.status()))).toEqual(['running', 'running', 'running'])
  await others[0]?.kill()
  expect(await rowsOf(first)).toEqual([[1]])
  await Promise.all([first.stop(), others[1]?.stop()])
  expect(contentOf(root)).toEqual([])
  expect(serversBelow(root)).toEqual([])
})

test('a replica whose master comes later gets ready when it does', async () => {
  const master = newInstance({ walMode: 'write', appLua: withSpace })
  await master.prepare()
  const replica = newInstance({ replicationSource: master.uri, boxCfg: quick })
  await replica.start({ wait: false })
  await replica.waitForLog('will retry')
  await expect(replica.ready({ timeout: 1 })).rejects.toThrow(
    /not ready after 1 ms: it cannot replicate from .*refused/,
  )
  await master.start()
  await replica.ready({ timeout: 30_000 })
  expect(await rowsOf(replica)).toEqual([])
})

test('a replica that does not find its master at a restart is ready in time, and an orphan until it does', async () => {
  const master = await startMaster()
  const replica = await startInstance({ replicationSource: master.uri, boxCfg: quick, timeout: 4000 })
  const { major, minor } = replica.version()
  await Promise.all([master, replica].map(instance => instance.stop({ cleanup: false })))
  await replica.start({ recreate: false })
  expect(replica.isRunning).toBe(true)
  // From 2.11 on a server that was a part of its replica set before may write without the others.
  const orphan = major < 2 || (major === 2 && minor < 11)
  expect(await replica.status()).toBe(orphan ? 'orphan' : 'running')
  await master.start({ recreate: false })
  await vi.waitFor(async () => expect(await replica.status()).toBe('running'), eventually)
})

test('the source can be changed between starts, and taken away', async () => {
  const one = await startMaster({ appLua: `${withSpace} box.space.s:replace{ 1 }` })
  const other = await startMaster({ appLua: `${withSpace} box.space.s:replace{ 2 }` })
  const replica = await startInstance({ replicationSource: one.uri })
  expect(await rowsOf(replica)).toEqual([[1]])
  replica.replicationSource = [other.uri]
  expect(await rowsOf(replica)).toEqual([[1]])
  await replica.restart({ recreate: true })
  expect(await rowsOf(replica)).toEqual([[2]])
  replica.replicationSource = undefined
  await replica.restart({ recreate: true })
  expect(await rowsOf(replica)).toEqual([])
  expect(() => {
    replica.replicationSource = 'nowhere'
  }).toThrow(InvalidOptionError)
})

test('a replica is not seeded, but by its master', async () => {
  const seedLua = "box.space.s:insert{ box.info.ro and 0 or 1, 'once' }"
  for (const boxCfg of [{}, { read_only: true }]) {
    const master = await startMaster({ seedLua })
    const replica = await startInstance({ replicationSource: master.uri, boxCfg, seedLua })
    expect(await rowsOf(replica)).toEqual([[1, 'once']])
  }
})

test('a reset of the master reaches a read-only replica, and one of the replica undoes nothing of its master', async () => {
  const master = await startMaster({ recordChanges: true })
  const replica = await startInstance({
    replicationSource: master.uri,
    recordChanges: true,
    boxCfg: { ...quick, read_only: true },
  })
  await master.eval('box.space.s:insert{ 1 }')
  await vi.waitFor(async () => expect(await rowsOf(replica)).toEqual([[1]]), eventually)
  const { pid } = replica
  await replica.reset()
  expect([replica.pid, await rowsOf(replica)]).toEqual([pid, [[1]]])
  await master.reset()
  await vi.waitFor(async () => expect(await rowsOf(replica)).toEqual([]), eventually)
})

test.each(['nowhere', '127.0.0.1', 'not a uri', '127.0.0.1:99999', 'http://127.0.0.1:3301'])(
  'a source that is not a URI is refused at once: %s',
  source => {
    expect(() => newInstance({ replicationSource: source })).toThrow(InvalidOptionError)
    expect(() => newInstance({ replicationSource: ['127.0.0.1:3301', source] })).toThrow(
      `must be a URI, not ${JSON.stringify(source)}`,
    )
  },
)

test('a source that keeps no WAL is an error as soon as the server says so', async () => {
  const master = await startInstance()
  const replica = newInstance({ replicationSource: master.uri, timeout: 60_000 })
  const failure = await replica.start().catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(ReplicationError)
  expect((failure as Error).message).toMatch(/cannot replicate from 127.*wal_mode = 'none'.*\n.*walMode: 'write'/)
  expect(contentOf(replica.workDir)).toEqual([])
})

test('a replica that is made anew joins again; where the version wants all members named, the error says so', async () => {
  const master = await startMaster()
  const replica = await startInstance({ replicationSource: master.uri })
  const { major, minor } = replica.version()
  const anew = replica.restart({ recreate: true })
  if (major < 2 || (major === 2 && minor < 11)) {
    await anew
    return
  }
  await expect(anew).rejects.toThrow("bootstrap_strategy: 'legacy'")
  const legacy = { replicationSource: master.uri, boxCfg: { bootstrap_strategy: 'legacy' } }
  expect(await rowsOf(await startInstance(legacy))).toEqual([])
})

test.each([
  { what: 'nobody listens', source: () => '127.0.0.1:1', says: /cannot replicate from 127\.0\.0\.1:1: .*refused/ },
  {
    what: 'the user is not known',
    source: (master: TarantoolInstance) => `nobody:secret@${master.uri}`,
    says: /cannot replicate from nobody@127\.0\.0\.1:\d+: .*(?:not found|invalid)/,
  },
])('a source where $what: the end of the time says so, without the password', async ({ source, says }) => {
  const master = await startMaster()
  const failure = await newInstance({ replicationSource: source(master), timeout: 1500 })
    .start()
    .catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(StartTimeoutError)
  expect((failure as StartTimeoutError).summary).toMatch(says)
  expect((failure as Error).message).not.toContain('secret')
})
