import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import type { TarantoolInstance } from '../../../../src/index.ts'
import { refusesConnections } from '../../../../src/protocol/refuses-connections.ts'
import { skipWithout } from '../../../support/features.ts'
import { startInstance } from '../../../support/instances.ts'

// Rows of all that an application hears of sessions.
const listens = `
  box.schema.space.create('heard'):create_index('pk', { sequence = true })
  for _, event in ipairs({ 'on_connect', 'on_auth', 'on_disconnect' }) do
    box.session[event](function() box.space.heard:auto_increment({ event, box.session.type() }) end)
  end`

const heard = (instance: TarantoolInstance): Promise<unknown[]> =>
  instance.command(`
    local list = {}
    for _, row in box.space.heard:pairs() do table.insert(list, row[2] .. ' ' .. row[3]) end
    return unpack(list)`)

/** For a machine that is busy. */
const patient = { timeout: 60_000 }

const foreign = (instance: TarantoolInstance): Promise<unknown[]> =>
  instance.command("require('tarantool-fixture').foreign_connections()")

/** A client that is none of the fixture's, greeted. */
async function client(address: { path: string } | { host: string; port: number }): Promise<Socket> {
  const socket = connect(address)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'data')
  return socket
}

const hasIpv6 = Object.values(networkInterfaces()).some(addresses =>
  addresses?.some(({ address }) => address === '::1'),
)

test.each([
  { what: 'TCP', options: {} },
  { what: 'a unix socket', options: { host: 'unix/' } },
  { what: 'TCP with credentials', options: { credentials: 'random' } as const },
  { what: 'a console on TCP', options: { consoleHost: '127.0.0.1' } },
  { what: 'every address', options: { host: '0.0.0.0' } },
  ...(hasIpv6 ? [{ what: 'IPv6', options: { host: '::1' } }] : []),
])('the application hears nothing of connections of the fixture: $what', async ({ options }) => {
  const instance = await startInstance({ ...options, appLua: listens, recordChanges: true })
  expect(await instance.eval('return 1')).toEqual([1])
  expect(await instance.command('1')).toEqual([1])
  await instance.reset()
  expect(await instance.call('box.info')).toHaveLength(1)
  // All of them end, and new ones come.
  await instance.restart({ recreate: true })
  expect(await instance.eval('return 1')).toEqual([1])
  expect(await heard(instance)).toEqual([])
  expect(await foreign(instance)).toEqual([0, 0])
})

test('the application hears of all other connections, while those of the fixture come and go', async () => {
  const instance = await startInstance({ appLua: listens })
  const { port, consolePort } = instance
  const binary = await client({ host: '127.0.0.1', port: port as number })
  expect(await instance.eval('return 1')).toEqual([1])
  const console = await client({ path: consolePort as string })
  expect(await foreign(instance)).toEqual([2, 2])
  expect(await heard(instance)).toEqual(['on_connect binary', 'on_connect console', 'on_auth console'])
  binary.destroy()
  console.destroy()
  await expect.poll(() => heard(instance), patient).toHaveLength(5)
  expect((await heard(instance)).slice(3).sort()).toEqual(['on_disconnect binary', 'on_disconnect console'])
  expect(await foreign(instance)).toEqual([2, 0])
})

test('clients that connect while a connection of the fixture is announced are told from it', async () => {
  const instance = await startInstance({ appLua: listens })
  await instance.command(`require('tarantool-fixture').announce('ce000000')`)
  const address = { host: '127.0.0.1', port: instance.port as number }
  // One that waits for its greeting, one that begins otherwise, and one that begins in part as announced.
  const silent = client(address)
  const other = connect(address)
  other.write('something else')
  await once(other, 'data')
  expect(await foreign(instance)).toEqual([1, 1])
  const begun = connect(address)
  begun.write(Buffer.from('ce00', 'hex'))
  await instance.command('1')
  begun.write(Buffer.from('0000', 'hex'))
  await once(begun, 'data')
  // What was announced has come: nobody is kept waiting any more.
  await silent
  expect(await foreign(instance)).toEqual([2, 2])
  other.destroy()
  begun.destroy()
})

test('what was announced by a client that is gone is not waited for', async () => {
  const instance = await startInstance()
  const agent = await client(instance.address.console as { path: string })
  agent.write(`require('tarantool-fixture').announce('ce000000')\n`)
  await once(agent, 'data')
  agent.destroy()
  await client({ host: '127.0.0.1', port: instance.port as number })
  expect(await foreign(instance)).toEqual([1, 1])
})

test('a session that the application refuses is counted, and counted as ended', async () => {
  const appLua = "box.session.on_connect(function() error('closed today', 0) end)"
  const instance = await startInstance({ appLua })
  const binary = connect(instance.port as number, '127.0.0.1')
  const ends = once(binary, 'close')
  let said = ''
  binary.on('data', chunk => {
    said += String(chunk)
  })
  await ends
  expect(said).toContain('closed today')
  const console = connect(instance.consolePort as string)
  await once(console, 'close')
  await expect.poll(() => foreign(instance), patient).toEqual([2, 0])
  expect(await instance.eval('return 1')).toEqual([1])
})

test.each([{ host: '127.0.0.1' }, { host: 'unix/' }])(
  'the application hears nothing of the question whether its server still takes connections ($host)',
  async ({ host }) => {
    const instance = await startInstance({ host, appLua: listens })
    const { address } = instance
    expect(await refusesConnections(address)).toBe(false)
    instance.process?.sendSignal('SIGSTOP')
    expect(await refusesConnections(address)).toBe(false)
    instance.process?.sendSignal('SIGCONT')
    expect(await instance.eval('return 1')).toEqual([1])
    expect(await heard(instance)).toEqual([])
    expect(await foreign(instance)).toEqual([0, 0])
    await instance.stop()
    expect(await refusesConnections(address)).toBe(true)
  },
)

test("functions of the schema that are triggers are not called for the fixture's connections either", async context => {
  skipWithout('named triggers', context)
  const appLua = `
    box.schema.space.create('heard'):create_index('pk', { sequence = true })
    for _, event in ipairs({ 'on_connect', 'on_disconnect' }) do
      local body = "function() box.space.heard:auto_increment({ '" .. event .. "', box.session.type() }) end"
      box.schema.func.create('hears_' .. event, { body = body, trigger = 'box.session.' .. event })
    end`
  const instance = await startInstance({ appLua, recordChanges: true })
  const visit = async (): Promise<void> => {
    const socket = await client({ host: '127.0.0.1', port: instance.port as number })
    socket.destroy()
    await expect.poll(() => foreign(instance), patient).toEqual([expect.any(Number), 0])
  }
  expect(await instance.eval('return 1')).toEqual([1])
  await instance.command("require('trigger').set('box.session.on_connect', 'later', function() end)")
  expect(await heard(instance)).toEqual([])
  await visit()
  await expect.poll(() => heard(instance), patient).toEqual(['on_connect binary', 'on_disconnect binary'])
  await instance.command("box.schema.func.drop('hears_on_connect')")
  await visit()
  await expect.poll(() => heard(instance), patient).toHaveLength(3)
  await instance.reset()
  expect(await heard(instance)).toEqual([])
  await visit()
  await expect.poll(() => heard(instance), patient).toEqual(['on_connect binary', 'on_disconnect binary'])
})

test('what a test deletes, replaces and lists is what it set itself', async () => {
  const instance = await startInstance({ appLua: listens, recordChanges: true })
  await instance.command(`
    for _, event in ipairs({ 'on_connect', 'on_auth', 'on_disconnect' }) do
      for _, trigger in ipairs(box.session[event]()) do box.session[event](nil, trigger) end
      assert(#box.session[event]() == 0)
    end`)
  const first = await client({ host: '127.0.0.1', port: instance.port as number })
  expect(await instance.eval('return box.space.heard:count()')).toEqual([0])
  await instance.reset()
  first.destroy()
  await expect.poll(() => heard(instance), patient).toEqual(['on_disconnect binary'])
  await client({ host: '127.0.0.1', port: instance.port as number })
  expect(await heard(instance)).toEqual(['on_disconnect binary', 'on_connect binary'])
})
