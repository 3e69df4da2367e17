import { once } from 'node:events'
import { existsSync, renameSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Broker } from '../../src/broker/broker.ts'
import { BrokerClient } from '../../src/broker/client.ts'
import { programIn } from '../../src/cli/running.ts'
import { resolveFixture } from '../../src/config/fixture-config.ts'
import { TarantoolReplicaSet } from '../../src/index.ts'
import { newInstance, startInstance, temporaryDirectory } from '../support/instances.ts'
import { cli } from './support.ts'

interface Listed {
  pid: number
  directory: string
  servers: { name: string; uri: string; pid: number; version: string; lease?: { file: string; since: number } }[]
}

test("ps lists the servers of a script's instances, and no others", async () => {
  const root = temporaryDirectory()
  const queue = await startInstance({ root, title: 'queue' })
  const other = await startInstance({ root, credentials: { user: 'app', password: 'secret' } })
  await newInstance({ root })
    .start()
    .then(instance => instance.stop())
  const { stdout, exitCode } = await cli(['ps', '--root', root])
  expect(exitCode).toBe(0)
  const [head, ...rows] = stdout.split('\n')
  expect(head).toMatch(/ in \/.* \(pid \d+, since [\d:]+\)$/)
  const rowOf = (name: string, { uri, pid }: { uri: string; pid?: number | undefined }): unknown =>
    expect.stringMatching(
      new RegExp(`^  ${name} +${uri.replace(/.*@/, '')} +Tarantool \\d+\\.\\d+\\.\\d+ +pid ${pid}$`),
    )
  expect(rows).toHaveLength(2)
  expect(rows).toEqual(expect.arrayContaining([rowOf('queue', queue), rowOf('instance', other)]))
  expect(stdout).not.toContain('secret')
})

test('ps lists the members of a replica set of a script, whose application hears nothing of it', async () => {
  const root = temporaryDirectory()
  const appLua =
    "heard = 0 box.session.on_connect(function() if box.session.type() == 'console' then heard = heard + 1 end end)"
  const set = new TarantoolReplicaSet({ replicas: 2, root, appLua, quiet: true })
  onTestFinished(async () => await set.stop())
  await set.start()
  const look = "heard, (require('tarantool-fixture').foreign_connections())"
  const before = await Promise.all(set.instances.map(member => member.command(look)))
  const { stdout } = await cli(['ps', '--json', '--root', root])
  const listed = (JSON.parse(stdout) as Listed[]).flatMap(({ servers }) => servers)
  const expected = set.instances.map(({ name, uri, pid, workDir }) => {
    return expect.objectContaining({ name, uri, pid, directory: workDir })
  })
  expect(listed).toEqual(expected)
  expect(await Promise.all(set.instances.map(member => member.command(look)))).toEqual(before)
  const command = ['console', 'replica-2', '--root', root, '--eval', "require('fio').cwd()"]
  expect((await cli(command)).stdout).toContain('replica-2')
})

test('ps leaves out a server that ends while it is asked', async () => {
  const root = temporaryDirectory()
  const { workDir } = await startInstance({ root })
  const [socket, real] = [join(workDir, 'agent.sock'), join(workDir, 'real.sock')]
  renameSync(socket, real)
  let greeted = false
  const proxy = createServer(client => {
    const server = connect(real)
    client.on('error', () => {}).pipe(server)
    server.on('data', data => {
      // The directory goes between the server's answer and the list.
      if (greeted && existsSync(workDir) && data.includes('tarantool-fixture-reply'))
        renameSync(workDir, `${workDir}-gone`)
      greeted = true
      client.write(data)
    })
  })
  await once(proxy.listen(socket), 'listening')
  try {
    const { stdout, stderr, exitCode } = await cli(['ps', '--root', root])
    expect([stdout, exitCode], stderr).toEqual(['No server runs.', 0])
    expect(existsSync(workDir)).toBe(false)
  } finally {
    renameSync(`${workDir}-gone`, workDir)
    proxy.close()
  }
})

test('ps shows which test file has which server of a run, and since when', async () => {
  const config = { servers: { queue: {}, cache: {} }, credentials: { user: 'app', password: 'secret' } } as const
  const broker = await Broker.listen({ fixture: resolveFixture(config, process.cwd()) })
  const worker = new BrokerClient(broker.path)
  try {
    const before = Date.now()
    await worker.request('begin', { worker: { pid: 12_345, thread: 0 }, slot: 1, file: '/project/test/jobs.test.ts' })
    const { port, pid, version } = await worker.request('lease', { server: 'queue' })
    broker.prestart(1)
    const { stdout } = await cli(['ps', '--json'])
    const runs = JSON.parse(stdout) as Listed[]
    const run = runs.find(({ servers }) => servers.some(server => server.pid === pid))
    expect(run?.directory).toBe(process.cwd())
    const [, queue] = run?.servers ?? []
    expect(queue).toMatchObject({ name: 'queue', uri: `127.0.0.1:${port}`, version })
    expect(queue?.lease).toEqual({ file: '/project/test/jobs.test.ts', worker: 12_345, since: expect.any(Number) })
    expect(queue?.lease?.since).toBeGreaterThanOrEqual(before)
    expect(run?.servers[0]).toMatchObject({ name: 'cache' })
    expect(run?.servers[0]).not.toHaveProperty('lease')
    expect(stdout).not.toContain('secret')
    const { stdout: table } = await cli(['ps'])
    expect(table).toMatch(new RegExp(`queue  127.0.0.1:${port} .* /project/test/jobs.test.ts since \\d`))
  } finally {
    worker.close()
    await broker.close()
  }
})

test('ps says that nothing runs', async () => {
  const root = temporaryDirectory()
  expect((await cli(['ps', '--root', root])).stdout).toBe('No server runs.')
  expect((await cli(['ps', '--json', '--root', root])).stdout).toBe('[]')
})

test.each([
  [['node', '/a/node_modules/.bin/vitest', 'run'], 'vitest run'],
  [['node', '--require', '/a/tsx.cjs', '--import', 'file:///tsx.mjs', '/b/script.ts', '-x'], 'script.ts -x'],
  [['node (vitest)'], 'node (vitest)'],
  [[], undefined],
])('the program of %j is %j', (commandLine, program) => {
  expect(programIn(commandLine)).toBe(program)
})
