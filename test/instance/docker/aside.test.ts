import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { DockerOptions } from '../../../src/index.ts'
import { reservePort } from '../../../src/instance/place/port.ts'
import { AgentConnection } from '../../../src/isolation/agent-connection.ts'
import { containersBelow, docker, engine, needsEngine, noEngine } from '../../support/engine.ts'
import { isAlive, startInstance } from '../../support/instances.ts'
import { evaluate, lease, open } from '../../support/leased.ts'

const network = `tarantool-fixture-test-${process.pid}`

/** A network with a subnet that is free on most machines; removed after the test. */
function makeNetwork(name: string, subnet?: string): string {
  engine('network', 'create', ...(subnet ? ['--subnet', subnet] : []), name)
  onTestFinished(() => void engine('network', 'rm', name))
  return name
}

/** The container of a server by its process id. */
function containerOf(root: string, pid: number): string {
  const found = containersBelow(root).find(name => engine('inspect', '--format', '{{.State.Pid}}', name) === `${pid}`)
  if (found === undefined) throw new Error(`no container with the process ${pid}`)
  return found
}

/** What the engine says of the networks that a container is in, without what differs from one time to the next. */
function networksOf(container: string): unknown {
  const text = engine('inspect', '--format', '{{json .NetworkSettings.Networks}}', container)
  type Endpoint = { Aliases: string[] | null; IPAMConfig: object | null; IPAddress: string }
  return Object.entries(JSON.parse(text) as Record<string, Endpoint>).map(
    ([name, { Aliases, IPAMConfig, IPAddress }]) => ({
      name,
      aliases: Aliases?.toSorted() ?? [],
      configured: IPAMConfig ?? {},
      isConnected: IPAddress !== '',
    }),
  )
}

/** An engine whose program is a script: shell code that runs first, and then the real program. Call it before `lease`. */
function engineWith(before: string): { docker: DockerOptions; directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'fixture-test-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const program = join(directory, 'engine')
  writeFileSync(program, `#!/bin/sh\nhere=${directory}\n${before}\nexec ${docker.engine} "$@"\n`)
  chmodSync(program, 0o755)
  return { docker: { ...docker, engine: program }, directory }
}

const onCommand = (command: string, code: string): string => `if [ "$1 $2" = '${command}' ]; then ${code}; fi`

describe.skipIf(noEngine)(`a server in a container that stands aside (${needsEngine})`, () => {
  test('has left its networks meanwhile, and is in the same ones afterwards', async () => {
    const first = makeNetwork(`${network}-a`, '172.29.213.0/24')
    const second = makeNetwork(`${network}-b`)
    const args = ['--network', first, '--ip', '172.29.213.9', '--network-alias', 'shop']
    const { server, root } = await lease({ docker: { ...docker, args } })
    const before = server.info()
    const container = containerOf(root, before.pid)
    engine('network', 'connect', '--alias', 'other', second, container)
    const networks = networksOf(container)
    expect(networks).toHaveLength(2)
    await evaluate(server, 'MINE = 1')
    for (let time = 1; time <= 2; time++) {
      const aside = await server.stepAside(false)
      expect(networksOf(container)).toEqual([])
      // The tests' server has the name and the address of the network, too.
      expect(networksOf(containerOf(root, aside.pid))).toEqual([
        expect.objectContaining({ name: first, aliases: expect.arrayContaining(['shop']), isConnected: true }),
      ])
      expect(await evaluate(server, 'return MINE')).toEqual([null])
      await server.comeBack()
      expect(networksOf(container)).toEqual(networks)
      expect(await evaluate(server, 'return MINE')).toEqual([1])
    }
    const ports = engine('port', container)
    expect(ports).toBe(`${before.port}/tcp -> 127.0.0.1:${before.port}`)
  })

  test("keeps the fixture's own connection", async () => {
    const { server } = await lease({ docker })
    const agent = new AgentConnection(server.info().address.console, 5000, () => {})
    onTestFinished(() => agent.destroy())
    expect(await agent.request('dirty')).toMatchObject({ dirty: false })
    await server.stepAside(false)
    expect(await agent.request('dirty')).toMatchObject({ dirty: false })
    await server.comeBack()
    expect(await agent.request('dirty')).toMatchObject({ dirty: false })
  })

  test('goes on replicating from this machine', async () => {
    const options = { docker, walMode: 'write', extraBoxCfg: 'replication_timeout = 0.1' } as const
    const appLua = "box.schema.space.create('t'):create_index('primary')"
    const master = await startInstance({ ...options, appLua })
    const replica = await startInstance({ ...options, replicationSource: master.uri })
    await replica.stepAside()
    await master.eval('box.space.t:insert({ 1 })')
    await expect.poll(() => replica.command('box.space.t:count()')).toEqual([1])
    await replica.stepBack()
    expect(await replica.eval('return box.space.t:count()')).toEqual([1])
  })

  test('has a port of docker.args back as well', async () => {
    const { port } = await reservePort()
    const published = `127.0.0.1:${port}`
    const { server, root } = await lease({ docker: { ...docker, args: ['--publish', `${published}:8081`] } })
    const { pid } = server.info()
    const aside = await server.stepAside(false)
    expect(engine('port', containerOf(root, aside.pid), '8081')).toBe(published)
    await server.comeBack()
    expect(engine('port', containerOf(root, pid), '8081')).toBe(published)
  })

  test('is another one afterwards if it is killed meanwhile', async () => {
    const { server, root } = await lease({ docker })
    const { pid, port } = server.info()
    const container = containerOf(root, pid)
    await server.stepAside(false)
    engine('kill', container)
    await expect.poll(() => isAlive(pid)).toBe(false)
    const back = await server.comeBack()
    expect(back).toMatchObject({ port, aside: false, beganEmpty: true })
    expect(await evaluate(server, 'return 1')).toEqual([1])
    expect(containersBelow(root)).toEqual([containerOf(root, back.pid)])
  })

  test('is removed if the lease ends meanwhile', async () => {
    const { server, root, release } = await lease({ docker })
    const { pid } = server.info()
    await server.stepAside(false)
    expect(containersBelow(root)).toHaveLength(2)
    release()
    await server.ensure()
    expect(isAlive(pid)).toBe(false)
    expect(containersBelow(root)).toHaveLength(1)
  })

  test.each([
    ['does not let a container leave its network', onCommand('network disconnect', 'echo not supported >&2; exit 125')],
    ['keeps the port all the same', onCommand('network disconnect', 'exit 0')],
    ['cannot describe a container', onCommand('inspect --type', 'exit 125')],
  ])('where the engine %s, it restarts on the same port instead', async (_, before) => {
    const { server, root } = await lease({ docker: engineWith(before).docker })
    const { port, pid } = server.info()
    await evaluate(server, 'MINE = 1')
    const next = await server.stepAside(false)
    expect(next).toMatchObject({ port, aside: false, beganEmpty: true })
    expect(isAlive(pid)).toBe(false)
    expect(await evaluate(server, 'return MINE')).toEqual([null])
    expect(await server.comeBack()).toEqual(next)
    expect(containersBelow(root)).toEqual([containerOf(root, next.pid)])
  })

  test('where the engine does not let it join its network again, a new one has the address', async () => {
    const { server, root } = await lease({ docker: engineWith(onCommand('network connect', 'exit 125')).docker })
    const { port, pid } = server.info()
    await server.stepAside(false)
    const back = await server.comeBack()
    expect(back).toMatchObject({ port, aside: false, beganEmpty: true })
    expect(isAlive(pid)).toBe(false)
    expect(await open(server)).toBeDefined()
    expect(containersBelow(root)).toEqual([containerOf(root, back.pid)])
  })

  test('comes back as it was if the engine refuses only once', async () => {
    const { docker: refusing, directory } = engineWith(
      onCommand('network connect', '[ -e $here/refused ] || { touch $here/refused; exit 125; }'),
    )
    const { server } = await lease({ docker: refusing })
    const before = server.info()
    await evaluate(server, 'MINE = 1')
    await server.stepAside(false)
    await server.comeBack()
    expect(existsSync(join(directory, 'refused'))).toBe(true)
    expect(server.info()).toEqual(before)
    expect(await evaluate(server, 'return MINE')).toEqual([1])
  })

  test('waits until its port is free', async () => {
    const instance = await startInstance({ docker })
    await instance.stepAside()
    const other = createServer().listen(Number(instance.port), '127.0.0.1')
    await once(other, 'listening')
    setTimeout(() => other.close(), 300)
    await instance.stepBack()
    expect(other.listening).toBe(false)
    expect(await instance.eval('return 1')).toEqual([1])
  })
})
