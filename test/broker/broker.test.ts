import { spawnSync } from 'node:child_process'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Broker } from '../../src/broker/broker.ts'
import { BrokerClient } from '../../src/broker/client.ts'
import { resolveFixture } from '../../src/config/fixture-config.ts'
import type { FixtureConfig } from '../../src/config/server-options.ts'
import { LeaseError, RootNotWritableError } from '../../src/errors.ts'
import { clearEnvironment, setEnvironment } from '../../src/handle/environment.ts'
import type { ServerAddress } from '../../src/protocol/address.ts'
import { ServerConnections } from '../../src/protocol/connections.ts'
import { contentOf, temporaryDirectory } from '../support/instances.ts'
import { hasSandbox, needsSandbox, sandbox } from '../support/sandbox.ts'

async function listen(config: FixtureConfig): Promise<Broker> {
  const broker = await Broker.listen({ fixture: resolveFixture(config, process.cwd()) })
  onTestFinished(async () => {
    expect(await broker.close()).toEqual([])
  })
  return broker
}

async function connect(broker: Broker, slot: number): Promise<BrokerClient> {
  const client = new BrokerClient(broker.path)
  onTestFinished(() => client.close())
  await client.request('begin', { worker: { pid: process.pid, thread: slot }, slot })
  return client
}

test('concurrent requests of one worker for one server are one lease', async () => {
  const broker = await listen({ maxServers: 1 })
  const first = await connect(broker, 1)
  const lease = (): ReturnType<typeof first.request<'lease'>> => first.request('lease', { server: 'default' })
  const [one, other] = await Promise.all([lease(), lease()])
  expect(other.pid).toBe(one.pid)
  // It is given back whole: the next worker gets the one server that there may be.
  first.close()
  const second = await connect(broker, 2)
  expect((await second.request('lease', { server: 'default' })).pid).toBe(one.pid)
})

test('a lease that follows the begin of a file at once gets the server of the file before', async () => {
  const broker = await listen({ maxServers: 1 })
  const client = await connect(broker, 1)
  const { pid } = await client.request('lease', { server: 'default' })
  const begun = client.request('begin', { worker: { pid: process.pid, thread: 1 }, slot: 1 })
  const [, info] = await Promise.all([begun, client.request('lease', { server: 'default' })])
  expect(info).toMatchObject({ pid, leasedBefore: true })
})

test.each(['0.0.0.0', '*'])(
  'a server that listens on %s is reached from here, with the account that is published',
  async host => {
    const broker = await listen({ host })
    const client = await connect(broker, 1)
    const info = await client.request('lease', { server: 'default' })
    const { address, user, password, uri, port } = info
    const connections = new ServerConnections(address)
    onTestFinished(() => connections.close())
    expect(address.binary).toMatchObject({ host: '127.0.0.1' })
    expect(await connections.eval('return box.session.user()', [])).toEqual(['tester'])
    expect({ user, password }).toEqual({ user: 'tester', password: expect.stringMatching(/^[0-9a-f]{24}$/) })
    expect(uri).toBe(`tester:${password}@${host}:${port}`)
    setEnvironment(info)
    onTestFinished(() => clearEnvironment(info))
    expect(process.env).toMatchObject({ TARANTOOL_USER: user, TARANTOOL_PASSWORD: password, TARANTOOL_URI: uri })
    // The server that replaces it has the same account.
    const renewed = await client.request('renew', { server: 'default' })
    expect([renewed.pid === info.pid, renewed.password]).toEqual([false, password])
  },
)

test.skipIf(!hasSandbox)(`servers that cannot tell users apart share an account (${needsSandbox})`, async () => {
  const broker = await listen({ commandToRun: sandbox(), isolation: 'process' })
  broker.prestart(2)
  const [one, other] = await Promise.all(
    [1, 2].map(async slot => (await connect(broker, slot)).request('lease', { server: 'default' })),
  )
  expect(one?.user).toBe('tester')
  expect(other?.password).toBe(one?.password)
  const connections = new ServerConnections(other?.address as ServerAddress)
  onTestFinished(() => connections.close())
  expect(await connections.eval('return box.session.user()', [])).toEqual(['tester'])
})

test('a file that was over goes on, unless another one has got its server', async () => {
  const broker = await listen({ maxServers: 1 })
  const [first, second] = [await connect(broker, 1), await connect(broker, 2)]
  const { pid } = await first.request('lease', { server: 'default' })
  await first.request('offer', {})
  await first.request('reclaim', {})
  // After `reclaim`, the second file has to wait again.
  const next = second.request('lease', { server: 'default' })
  await first.request('offer', {})
  expect((await next).pid).toBe(pid)
  await expect(first.request('reclaim', {})).rejects.toThrow(LeaseError)
})

test.skipIf(process.getuid?.() !== 0)(
  'no inode left for its socket (as root only: it mounts a file system)',
  async () => {
    const directory = temporaryDirectory()
    // The root, the user's own directory, the run's directory and its marker.
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=4,mode=700', 'tmpfs', directory])
    if (mounted.status !== 0) return // No mounts in this container.
    vi.stubEnv('TMPDIR', directory)
    try {
      const listening = Broker.listen({ fixture: resolveFixture({}, process.cwd()) })
      const failure: unknown = await listening.catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(RootNotWritableError)
      expect((failure as Error).message).toMatch(
        /^cannot open the socket .*no space left.*\n.*inodes.*Set TMPDIR to another place/,
      )
      expect(contentOf(directory)).toEqual([])
    } finally {
      vi.unstubAllEnvs()
      spawnSync('umount', ['-l', directory])
    }
  },
)
