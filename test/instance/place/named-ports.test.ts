import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { resolveOptions } from '../../../src/config/resolve.ts'
import { type InstanceOptions, InvalidOptionError, PortTakenError, TarantoolInstance } from '../../../src/index.ts'
import { newInstance, startInstance } from '../../support/instances.ts'
import { portIn, Thief } from '../../support/thief.ts'

// Answers each connection with its process id.
const serve = (variable: string): string => `
  assert(require('socket').tcp_server('127.0.0.1', tonumber(os.getenv('${variable}')), function(peer)
    peer:read('\\n')
    peer:write(require('tarantool').pid() .. '\\n')
  end))`

const app = `${serve('TARANTOOL_HTTP_PORT')}\nbox.schema.space.create('rows'):create_index('pk')`
const options: InstanceOptions = { appLua: app, ports: ['http'] }

async function ask(port: number | undefined): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: port ?? 0 })
  onTestFinished(() => void socket.destroy())
  let said = ''
  socket.setEncoding('utf8').on('data', text => {
    said += text
  })
  const ended = once(socket, 'close')
  socket.write('who\n')
  await ended
  return said.trim()
}

async function occupy(port: number | undefined): Promise<void> {
  const other = createServer().listen(port, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
}

/** Another instance with the ports of the first. */
function successorOf(
  instance: TarantoolInstance,
  more: Partial<ReturnType<typeof resolveOptions>> = {},
): TarantoolInstance {
  const { port, ports } = instance
  const successor = TarantoolInstance.of({ ...resolveOptions(options), port, ports, ...more })
  onTestFinished(() => successor.kill())
  return successor
}

describe('named ports', () => {
  test('are free ports of each server, in its environment and at the instance', async () => {
    const ports = ['http', 'metrics-v2']
    const appLua = `${app} ${serve('TARANTOOL_METRICS_V2_PORT')}`
    const [one, other] = await Promise.all([startInstance({ appLua, ports }), startInstance({ appLua, ports })])
    expect(new Set([...Object.values(one.ports), ...Object.values(other.ports)]).size).toBe(4)
    for (const instance of [one, other]) {
      expect(Object.keys(instance.ports)).toEqual(ports)
      for (const port of Object.values(instance.ports)) expect(await ask(port)).toBe(String(instance.pid))
    }
  })

  test('stay when the server is restarted', async () => {
    const instance = await startInstance(options)
    const { ports } = instance
    await instance.restart()
    expect(instance.ports).toEqual(ports)
    expect(await ask(ports.http)).toBe(String(instance.pid))
  })

  test('are in the values of env', async () => {
    const instance = await startInstance({
      ports: ['http'],
      env: {
        APP_PORT: '<% port %>',
        APP_URL: 'http://<%host%>:<% ports.http %>/',
        APP_LISTEN: '<% listen %>',
        APP_JSON: '{"a": "<% %>"}',
      },
    })
    const names = ['APP_PORT', 'APP_URL', 'APP_LISTEN', 'APP_JSON']
    const { port, ports } = instance
    expect(await instance.eval(`return ${names.map(name => `os.getenv('${name}')`).join(', ')}`)).toEqual([
      String(port),
      `http://127.0.0.1:${ports.http}/`,
      `127.0.0.1:${port}`,
      '{"a": "<% %>"}',
    ])
  })

  test.each<{ what: string; options: InstanceOptions; says: string }>([
    { what: 'a name that no variable can have', options: { ports: ['my port'] }, says: 'must be letters, digits' },
    { what: 'no list', options: { ports: 'http' as never }, says: "must be a list of names, such as ['http']" },
    { what: 'a name twice', options: { ports: ['http', 'http'] }, says: "names 'http' twice" },
    { what: 'two names of one variable', options: { ports: ['a-b', 'A_B'] }, says: 'one variable: TARANTOOL_A_B_PORT' },
    { what: 'a tag without a port', options: { env: { A: '<% ports.http %>' } }, says: "unknown name 'ports.http'" },
    {
      what: 'a misspelt tag',
      options: { ports: ['http'], env: { A: '<% ports.htp %>' } },
      says: "Did you mean 'ports.http'?",
    },
  ])('cannot have $what', ({ options, says }) => {
    expect(() => newInstance(options)).toThrow(InvalidOptionError)
    expect(() => newInstance(options)).toThrow(says)
  })

  test('are chosen again if another process takes one before the start', async () => {
    const thief = new Thief(portIn('boot.lua', 'own'))
    thief.steal(1)
    const instance = await startInstance({ ...options, commandToRun: thief.command })
    expect(thief.stolen).toHaveLength(1)
    expect(thief.stolen).not.toContain(instance.ports.http)
    expect(await ask(instance.ports.http)).toBe(String(instance.pid))
  })

  test('are named by the error if another process has one', async () => {
    const first = await startInstance(options)
    await first.kill()
    await occupy(first.ports.http)
    const failure = await successorOf(first, { timeout: 500 })
      .start()
      .catch(error => error)
    expect(failure).toBeInstanceOf(PortTakenError)
    expect(failure.message).toContain(`127.0.0.1:${first.ports.http} (port 'http'): the address is in use`)
  })

  test('are no excuse for another error of the application', async () => {
    const appLua = `${app} error('cannot bind anything')`
    await expect(newInstance({ ...options, appLua }).start()).rejects.toThrow('cannot bind anything')
  })
})

describe.runIf(process.platform === 'linux')('the named ports of a server that stands by', () => {
  test('are others until it takes over', async () => {
    const first = await startInstance(options)
    const spare = successorOf(first)
    await spare.standBy()
    expect(spare.ports).toEqual(first.ports)
    const [own] = await spare.command("os.getenv('TARANTOOL_HTTP_PORT')")
    expect(own).not.toBe(String(first.ports.http))
    expect(await ask(first.ports.http)).toBe(String(first.pid))
    expect(await ask(Number(own))).toBe(String(spare.pid))
    await first.kill()
    await spare.takeOver()
    // Several at once, and one after another.
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(first.ports.http)))
    expect(new Set(answers)).toEqual(new Set([String(spare.pid)]))
    await expect(ask(Number(own))).rejects.toThrow('ECONNREFUSED')
    expect(await spare.command("os.getenv('TARANTOOL_HTTP_PORT')")).toEqual([String(first.ports.http)])
    await spare.restart()
    expect(await ask(first.ports.http)).toBe(String(spare.pid))
  })

  test('are given up while the server stands aside', async () => {
    const first = await startInstance(options)
    const { pid } = first
    for (const _ of ['once', 'again']) {
      await first.stepAside()
      const other = successorOf(first)
      await other.start()
      expect(await ask(first.ports.http)).toBe(String(other.pid))
      await other.kill()
      await first.stepBack()
      expect(await ask(first.ports.http)).toBe(String(pid))
    }
  })

  test('are named by the error if another process has taken one', async () => {
    const first = await startInstance(options)
    const spare = successorOf(first, { timeout: 500 })
    await spare.standBy()
    await first.kill()
    await occupy(first.ports.http)
    await expect(spare.takeOver()).rejects.toThrow(
      `cannot take over 127.0.0.1:${first.ports.http}: the address is in use`,
    )
  })

  test('work by IPv6 (needs ::1)', async ({ skip }) => {
    const appLua = app.replace("'127.0.0.1'", "'::1'")
    const first = await startInstance({ ...options, appLua }).catch(() => skip('needs ::1'))
    const spare = TarantoolInstance.of({
      ...resolveOptions({ ...options, appLua }),
      port: first.port,
      ports: first.ports,
    })
    onTestFinished(() => spare.kill())
    await spare.standBy()
    await first.kill()
    await spare.takeOver()
    const socket = connect({ host: '::1', port: first.ports.http ?? 0 })
    const [said] = await Promise.all([once(socket.setEncoding('utf8'), 'data'), socket.write('who\n')])
    expect(said).toEqual([`${spare.pid}\n`])
  })
})
