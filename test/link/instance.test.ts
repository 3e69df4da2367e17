import { createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { InvalidOptionError, NotRunningError, PortTakenError, TarantoolInstance } from '../../src/index.ts'
import { newInstance, startInstance } from '../support/instances.ts'
import { Intruder } from '../support/intruder.ts'
import { needsOtherUser, otherUser } from '../support/other-user.ts'
import { Client } from './client.ts'

const startLinked = async (): Promise<TarantoolInstance> => await startInstance({ links: true })

const asked = 'return rawget(_G, "asked")'
const ask = 'rawset(_G, "asked", true)'

describe('a link', () => {
  test('that nobody touches passes everything on, however large', async () => {
    const instance = await startLinked()
    const client = await (await Client.connect(instance.port)).greeted()
    client.send("return ('x'):rep(5e6) .. 'the end'")
    await client.waitFor('the end')
    expect(client.bytes).toBeGreaterThan(5e6)
    expect(instance.uri).toBe(`127.0.0.1:${instance.port}`)
    expect(instance.fingerprint).toBe(`Tarantool[${instance.uri}]`)
    expect(await instance.command('box.cfg.listen')).toEqual([`unix/:${instance.workDir}/server.sock`])
  })

  test('ends the connection to the server when the client ends its own, after the replies', async () => {
    const instance = await startLinked()
    const open = async (): Promise<unknown> => (await instance.command('return box.stat.net.CONNECTIONS.current'))[0]
    const before = await open()
    const clients = await Promise.all(Array.from({ length: 5 }, () => Client.connect(instance.port)))
    for (const client of clients) await (await client.greeted()).ask('hello')
    expect(Number(await open())).toBe(Number(before) + 5)
    for (const client of clients) client.end()
    for (const client of clients) expect(await client.ended).toBe('closed')
    await expect.poll(open).toBe(before)
  })

  test('that is cut ends its connections and refuses others, but not the requests of the instance', async () => {
    const instance = await startLinked()
    const client = await (await Client.connect(instance.port)).greeted()
    await instance.link.cut()
    expect(await client.ended).toBe('closed')
    await expect(Client.connect(instance.port)).rejects.toThrow('ECONNREFUSED')
    expect(await instance.eval('return 1')).toEqual([1])
    await instance.link.heal()
    await (await Client.connect(instance.port)).ask('healed')
  })

  test('that hangs accepts, and passes on what waits when it is healed', async () => {
    const instance = await startLinked()
    const early = await (await Client.connect(instance.port)).greeted()
    await instance.link.hang()
    early.send(`${ask} return 'early'`)
    const late = await Client.connect(instance.port)
    expect(await instance.eval(asked)).toEqual([null])
    expect(late.bytes).toBe(0)
    await instance.link.heal()
    await early.waitFor('early')
    await late.ask('late')
  })

  test('that is delayed passes data on later', async () => {
    const instance = await startLinked()
    const client = await (await Client.connect(instance.port)).greeted()
    await instance.link.delay(50)
    const start = performance.now()
    await client.ask('there and back')
    // A timer of Node's can be a millisecond early.
    expect(performance.now() - start).toBeGreaterThan(95)
    await instance.link.delay(1e9)
    client.send(`${ask} return 'on its way'`)
    expect(await instance.eval(asked)).toEqual([null])
    await instance.link.heal()
    await client.waitFor('on its way')
  })

  test('that is limited passes a few bytes at a time', async () => {
    const instance = await startLinked()
    await instance.link.limit(20)
    const client = await Client.connect(instance.port)
    await client.receive(1)
    expect(client.bytes).toBeLessThan(128)
    await instance.link.heal()
    await client.ask('healed')
  })

  test('that is reset ends connections with RST, and accepts others', async () => {
    const instance = await startLinked()
    const client = await (await Client.connect(instance.port)).greeted()
    await instance.link.reset()
    expect(await client.ended).toBe('ECONNRESET')
    await (await Client.connect(instance.port)).ask('again')
  })

  test('keeps its address and its fault over a restart', async () => {
    const instance = await startLinked()
    const { port } = instance
    await instance.link.cut()
    await instance.restart()
    expect(instance.port).toBe(port)
    await expect(Client.connect(port)).rejects.toThrow('ECONNREFUSED')
    await instance.link.heal()
    await (await Client.connect(port)).ask('again')
  })

  test.each(['stop', 'kill'] as const)('refuses connections after %s()', async end => {
    const instance = await startLinked()
    const { port } = instance
    const client = await (await Client.connect(port)).greeted()
    await instance[end]({ cleanup: false })
    expect(await client.ended).toBe('closed')
    await expect(Client.connect(port)).rejects.toThrow('ECONNREFUSED')
    await instance.start({ recreate: false })
    await (await Client.connect(port)).ask('again')
  })

  test('passes to a server that takes over the address', async () => {
    const first = await startLinked()
    const spare = await newInstance({ links: true, port: first.port }).standBy()
    await first.kill()
    await spare.takeOver()
    await (await Client.connect(first.port)).ask('spare')
    await spare.stepAside()
    await expect(Client.connect(first.port)).rejects.toThrow('ECONNREFUSED')
    await spare.stepBack()
    await (await Client.connect(first.port)).ask('back')
    await spare.moveAway()
    await expect(Client.connect(first.port)).rejects.toThrow('ECONNREFUSED')
    await (await Client.connect(spare.port)).ask('elsewhere')
  })

  test.skipIf(otherUser === undefined)(`admits no other user of the machine (${needsOtherUser})`, async () => {
    const instance = await startLinked()
    const intruder = new Intruder()
    const port = Number(instance.port)
    const said = await intruder.connect({ port, lua: ask })
    expect(said).not.toContain('Tarantool')
    for (const after of ['close', 'reset', 'half-close'] as const) await intruder.connect({ port, lua: ask, after })
    await (await Client.connect(port)).ask('own')
    expect(await instance.eval(asked)).toEqual([null])
    const open = await startInstance({ links: true, access: 'any' })
    expect(await intruder.connect({ port: Number(open.port), lua: "return 'let in'" })).toContain('let in')
  })
})

describe('what cannot be', () => {
  test.each([
    ['delay', -1, 'not -1'],
    ['delay', Number.NaN, 'not NaN'],
    ['delay', Number.POSITIVE_INFINITY, 'not Infinity'],
    ['delay', '50', 'not "50"'],
    ['delay', 50n, 'not 50n'],
    ['delay', [50], 'not an array'],
    ['delay', Object.create(null), 'not an object'],
    ['delay', Promise.resolve(50), 'not a promise'],
    ['limit', 0, 'not 0'],
    ['limit', -5, 'not -5'],
    ['limit', Number.NaN, 'not NaN'],
    ['limit', undefined, 'not undefined'],
  ] as const)('%s(%s) is refused', async (name, value, text) => {
    const { link } = newInstance({ links: true })
    const error = await link[name](value as never).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(String(error)).toContain(text)
  })

  test('an instance without links says how to have one', () => {
    expect(() => newInstance().link).toThrow(/has no links, because .*\n.*TarantoolInstance\({ links: true }\)/)
    expect(() => newInstance({ host: 'unix/' }).link).toThrow(/without the option 'links'.*\n.*address of TCP/)
  })

  test('a link between instances is none of a single server', () => {
    // The types refuse this call, and JavaScript does not.
    const call = newInstance({ links: true }).link as unknown as (from: string, to: string) => unknown
    expect(() => call('a', 'b')).toThrow(
      expect.objectContaining({
        code: 'ERR_TARANTOOL_INVALID_OPTION',
        hint: expect.stringMatching(/^A single server has no links to other instances\. .*link\.cut\(\)/),
      }),
    )
  })

  test('an instance in a container says that it cannot have a link', async () => {
    const inContainer = newInstance({ docker: {} })
    expect(() => inContainer.link).toThrow(
      /no links, because it runs in a container.*\n.*leave out the option 'docker'/,
    )
    await expect(inContainer.faults({ kinds: ['cut'] }, () => {})).rejects.toThrow(
      /'cut' is a fault of a link, and .* because it runs in a container.*\n.*leave out the option 'docker'/,
    )
  })

  test('a link has ended with its server, until the next start', async () => {
    const instance = await startInstance({ links: true })
    const { link, fingerprint } = instance
    await instance.stop()
    await expect(link.cut()).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_NOT_RUNNING',
      summary: `the link of ${fingerprint} has ended: the server was stopped`,
    })
    await instance.start()
    await link.cut()
  })

  test.each(['cut', 'hang', 'reset', 'heal'] as const)('%s takes no argument', async name => {
    const { link } = await startInstance({ links: true })
    const act: (value?: unknown) => Promise<void> = link[name]
    await expect(act(100)).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_INVALID_OPTION',
      summary: `link.${name}() takes no argument, and 100 was given`,
      hint: ['cut', 'hang'].includes(name) ? expect.stringMatching(/^The fault holds until heal\(\)\./) : undefined,
    })
    await act()
  })

  test('a link before the first start has nothing to pass on to', async () => {
    await expect(newInstance({ links: true }).link.cut()).rejects.toThrow(NotRunningError)
  })

  test.each([
    [{ links: true, docker: {} }, /'links' cannot be used with 'docker'/],
    [{ links: true, host: 'unix/' }, /'links' cannot be used with host: 'unix\/'/],
  ])('%j is refused', (options, message) => {
    expect(() => new TarantoolInstance(options)).toThrow(message)
  })

  test('a port that another program has is reported', async () => {
    const other = createServer()
    const port = await new Promise<number>(resolve => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port))
    })
    onTestFinished(() => void other.close())
    await expect(startInstance({ links: true, port })).rejects.toThrow(PortTakenError)
  })
})
