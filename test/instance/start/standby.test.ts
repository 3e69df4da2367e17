import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  InitScriptError,
  type InstanceOptions,
  PortTakenError,
  TarantoolFixtureError,
  type TarantoolInstance,
} from '../../../src/index.ts'
import { freePort } from '../../../src/instance/place/port.ts'
import { ServerConnections } from '../../../src/protocol/connections.ts'
import { contentOf, newInstance, startInstance, temporaryDirectory } from '../../support/instances.ts'

/** A server that runs, and one that stands by for its address. */
async function startPair(options: InstanceOptions): Promise<{ first: TarantoolInstance; spare: TarantoolInstance }> {
  const first = await startInstance(options)
  const { port, credentials } = first
  const consolePort = first.consoleHost === 'unix/' ? options.consolePort : first.consolePort
  const spare = newInstance({ ...options, port, credentials, consolePort })
  await spare.standBy()
  return { first, spare }
}

const pidAt = async ({ address }: TarantoolInstance): Promise<unknown[]> => {
  const connections = new ServerConnections(address)
  onTestFinished(() => connections.close())
  return await connections.eval('return box.info.pid', [])
}

async function occupy(port: number | string): Promise<void> {
  const other = createServer().listen(Number(port), '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
}

const app = "box.schema.space.create('rows'):create_index('pk') box.space.rows:insert({ box.info.pid })"

const template = `
  local port, title = <% port %>, <% title %>
  box.cfg{ work_dir = <% workDir %>, wal_mode = 'none' }
  box.schema.user.grant('guest', 'super')
  <% appLua %>
  box.cfg{ listen = '127.0.0.1:' .. port }`

const listening: Record<string, InstanceOptions> = {
  'a free port': {},
  'credentials that were made up': { credentials: 'random' },
  'a template that listens last': { initLuaTemplate: template },
  'a template that saved box.cfg': { initLuaTemplate: `local configure = box.cfg ${template} configure{}` },
  'a console on TCP': { consoleHost: '127.0.0.1' },
}

describe('a server that stands by', () => {
  test.each(Object.entries(listening))('takes over the address of another, with %s', async (_, options) => {
    const { first, spare } = await startPair({ appLua: app, ...options })
    // All is there but the port.
    expect(await spare.command('box.space.rows:count(), box.cfg.listen')).toEqual([1, null])
    expect(await pidAt(first)).toEqual([first.pid])
    await first.kill()
    await spare.takeOver()
    expect(spare.uri).toBe(first.uri)
    expect(spare.fingerprint).toBe(first.fingerprint)
    if (options.consoleHost) expect(spare.consolePort).toBe(first.consolePort)
    expect(await pidAt(spare)).toEqual([spare.pid])
    expect(await spare.eval('return box.space.rows:count()')).toEqual([1])
    expect(await spare.command('box.info.pid')).toEqual([spare.pid])
  })

  test('takes over sockets at fixed paths, which the end of the other does not take away', async () => {
    const directory = temporaryDirectory()
    const port = join(directory, 'server.sock')
    const consolePort = join(directory, 'console.sock')
    const { first, spare } = await startPair({ host: 'unix/', port, consolePort })
    await first.kill()
    await spare.takeOver()
    expect(await pidAt(spare)).toEqual([spare.pid])
    expect(await spare.command('box.info.pid')).toEqual([spare.pid])
    expect(contentOf(directory).sort()).toEqual(['console.sock', 'server.sock'])
    await spare.stop()
    expect(contentOf(directory)).toEqual([])
  })

  test('leaves the sockets of the other alone when it ends before its turn', async () => {
    const port = join(temporaryDirectory(), 'server.sock')
    const { first, spare } = await startPair({ host: 'unix/', port })
    await first.restart()
    await spare.stop()
    expect(await pidAt(first)).toEqual([first.pid])
  })

  test('can be restarted on the address that it took over', async () => {
    const { first, spare } = await startPair({ consoleHost: '127.0.0.1' })
    await first.kill()
    await spare.takeOver()
    const { uri, consolePort } = spare
    await spare.restart()
    expect([spare.uri, spare.consolePort]).toEqual([uri, consolePort])
    expect(await pidAt(spare)).toEqual([spare.pid])
  })

  test('says that another process has taken the address in between', async () => {
    const { first, spare } = await startPair({ timeout: 3000 })
    await first.kill()
    await occupy(first.port)
    await expect(spare.takeOver()).rejects.toThrow(PortTakenError)
    await expect(spare.takeOver()).rejects.toThrow(`cannot take over 127.0.0.1:${first.port}: the address is in use`)
  })

  test('says that another process has taken the address of the console', async () => {
    const { first, spare } = await startPair({ consoleHost: '127.0.0.1', timeout: 3000 })
    await first.kill()
    await occupy(first.consolePort)
    await expect(spare.takeOver()).rejects.toThrow(`cannot take over 127.0.0.1:${first.consolePort}: the address is in`)
  })

  test('is refused an init script that moves to another address', async () => {
    const initLuaTemplate = `box.cfg{ listen = '127.0.0.1:${await freePort()}' }`
    const spare = newInstance({ port: await freePort(), initLuaTemplate })
    await expect(spare.standBy()).rejects.toThrow('where no test would look for it')
  })

  test.each([
    { initLuaTemplate: "\nbox.cfg{ readahead = 'much' }" },
    { appLua: "\n\nbox.cfg{ readahead = 'much' }" },
    { appLua: '\n\nbox.cfg{ wal_mode = 1 }' },
    { appLua: '\nlocal x = nil + 1' },
  ])('fails with the error that any server would have: %j', async options => {
    const summaryOf = async (start: Promise<unknown>): Promise<string> => {
      const error = await start.catch((error: unknown) => error)
      expect(error).toBeInstanceOf(TarantoolFixtureError)
      return (error as TarantoolFixtureError).summary
    }
    const port = await freePort()
    const usual = await summaryOf(newInstance({ ...options, port }).start())
    expect(await summaryOf(newInstance({ ...options, port }).standBy())).toBe(
      usual.replace('Tarantool[', 'spare Tarantool['),
    )
  })

  test('is gone with its directory when its application fails', async () => {
    const root = temporaryDirectory()
    const spare = newInstance({ root, port: await freePort(), appLua: "error('not today')" })
    await expect(spare.standBy()).rejects.toThrow(InitScriptError)
    expect(contentOf(root)).toEqual([])
  })
})
