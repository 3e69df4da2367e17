import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type InstanceOptions, TarantoolInstance } from '../../../../src/index.ts'
import { skipWithout } from '../../../support/features.ts'
import { newInstance, startInstance, temporaryDirectory, writeFiles } from '../../../support/instances.ts'
import { evalFrame, Intruder, type Intrusion } from '../../../support/intruder.ts'
import { needsOtherUser, otherUser, runAsOther, thirdUser } from '../../../support/other-user.ts'
import { newSync } from '../../sync/support.ts'

const refused = 'this connection is refused'
const breakIn = "rawset(_G, 'somebody_was_here', true)"

const wasEntered = async (instance: TarantoolInstance): Promise<unknown> =>
  (await instance.command("rawget(_G, 'somebody_was_here') == true"))[0]

/** For a machine that is busy. */
const patient = { timeout: 60_000 }

const portOf = ({ port }: TarantoolInstance): number => port as number

const hasIpv6 = Object.values(networkInterfaces()).some(addresses =>
  addresses?.some(({ address }) => address === '::1'),
)

/** The same of the tester's own: what it asks for is done. */
async function ownClient(port: number, host = '127.0.0.1'): Promise<string> {
  const socket = connect(port, host)
  socket.write(evalFrame("return 'the answer'"))
  let said = ''
  socket.on('data', chunk => {
    said += chunk.toString('latin1')
    if (/the answer|denied/.test(said)) socket.destroy()
  })
  await once(socket, 'close')
  return said
}

// Older kernels say of a connection whose sender has closed it that it is root's: it counts for nobody's.
test.skipIf(process.platform !== 'linux').each([{ flood: false }, { flood: true }])(
  "a request whose sender is gone is nobody's, also where it was the tester's own (Linux, flood: $flood)",
  async ({ flood }) => {
    const instance = await startInstance()
    const port = portOf(instance)
    instance.process?.sendSignal('SIGSTOP')
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    await new Promise(resolve => socket.write(evalFrame(breakIn), resolve))
    // More than the server's side can hold: the end of the connection does not get there either.
    if (flood) socket.write(Buffer.alloc(32 * 1024 * 1024))
    socket.destroy()
    instance.process?.sendSignal('SIGCONT')
    expect(await ownClient(port)).toContain('the answer')
    expect(await wasEntered(instance)).toBe(false)
    expect(await instance.command("(require('tarantool-fixture').foreign_connections())")).toEqual([1])
  },
)

describe.skipIf(otherUser === undefined)(`another user (${needsOtherUser})`, () => {
  test.for<{ what: string; options?: InstanceOptions; from?: Partial<Intrusion>; needs?: boolean }>([
    { what: 'by IPv4' },
    { what: 'by an IPv4 address in an IPv6 socket', from: { host: '::ffff:127.0.0.1' }, needs: hasIpv6 },
    { what: 'by another address of the loopback', options: { host: '127.0.0.2' }, from: { host: '127.0.0.2' } },
    { what: 'by IPv6', options: { host: '::1' }, from: { host: '::1' }, needs: hasIpv6 },
    { what: 'by name', options: { host: 'localhost' }, from: { host: 'localhost' } },
    { what: 'with credentials configured', options: { credentials: 'random' } },
    { what: 'to a server whose changes are recorded', options: { recordChanges: true } },
    { what: 'to a server that lets a third one in', options: { access: { uids: [Number(thirdUser)] } } },
  ])('gets in at no time: $what', async ({ options, from, needs = true }, { skip }) => {
    skip(!needs, 'needs ::1')
    const appLua = `
      heard = 0
      for _, event in ipairs({ 'on_connect', 'on_auth', 'on_disconnect' }) do
        box.session[event](function() heard = heard + 1 end)
      end`
    const instance = await startInstance({ appLua, ...options })
    const intruder = new Intruder()
    const port = portOf(instance)
    const said = await intruder.connect({ port, ...from, lua: breakIn })
    expect(said).toContain(refused)
    expect(said).toContain(`user ${otherUser}`)
    for (const after of ['close', 'reset'] as const) await intruder.connect({ port, ...from, lua: breakIn, after })
    expect(await wasEntered(instance)).toBe(false)
    // Nor does the application hear of it.
    expect(await instance.command("heard, require('tarantool-fixture').foreign_connections()")).toEqual([0, 0, 0])
    expect(await ownClient(port, from?.host)).toContain(options?.credentials ? 'denied' : 'the answer')
    expect(await instance.grepLog(/refused a connection/)).toHaveLength(1)
  })

  test.each<Pick<Intrusion, 'after' | 'flood'>>([
    { after: 'close' },
    { after: 'close', flood: true },
    { after: 'reset' },
    { after: 'reset', flood: true },
    { after: 'half-close' },
  ])('gets in by no request that is there, and no sender any more: %o', async leaving => {
    const instance = await startInstance()
    const port = portOf(instance)
    instance.process?.sendSignal('SIGSTOP')
    const intruder = new Intruder()
    await Promise.all(Array.from({ length: 5 }, () => intruder.connect({ port, lua: breakIn, ...leaving })))
    instance.process?.sendSignal('SIGCONT')
    expect(await ownClient(port)).toContain('the answer')
    expect(await wasEntered(instance)).toBe(false)
    expect(await instance.command("require('tarantool-fixture').foreign_connections()")).toEqual([
      1,
      expect.any(Number),
    ])
  })

  test("gets in by no request from a port that is the tester's by now", async () => {
    const instance = await startInstance()
    const [port, localPort] = [portOf(instance), await TarantoolInstance.getRandomPort()]
    instance.process?.sendSignal('SIGSTOP')
    await new Intruder().connect({ port, localPort, lua: breakIn, after: 'reset' })
    const own = connect({ host: '127.0.0.1', port, localPort })
    onTestFinished(() => void own.destroy())
    await once(own, 'connect')
    instance.process?.sendSignal('SIGCONT')
    await once(own, 'data')
    expect(await wasEntered(instance)).toBe(false)
  })

  test('gets in at no moment of a start, a restart, and what follows', async () => {
    const directory = temporaryDirectory()
    const port = await TarantoolInstance.getRandomPort()
    // The application takes its time, so that there is one for a visit.
    const appLua = `
      local fiber, fio = require('fiber'), require('fio')
      box.cfg{}
      while not fio.path.exists('${directory}/go') do fiber.sleep(0.01) end
      box.session.on_connect(function() end)`
    const instance = await newInstance({ port, appLua, recordChanges: true, timeout: 60_000 }).start({ wait: false })
    const intruder = new Intruder()
    const visits: string[] = []
    const end = new AbortController()
    onTestFinished(() => end.abort())
    const visiting = (async () => {
      while (!end.signal.aborted) visits.push(await intruder.connect({ port, lua: breakIn }))
    })()
    await expect.poll(() => visits.some(said => said.includes(refused)), patient).toBe(true)
    writeFileSync(join(directory, 'go'), '')
    await instance.ready()
    expect(await wasEntered(instance)).toBe(false)
    await instance.reset()
    expect(await wasEntered(instance)).toBe(false)
    await instance.restart()
    expect(await wasEntered(instance)).toBe(false)
    end.abort()
    await visiting
    expect(visits.filter(said => said.startsWith('Tarantool') && !said.includes(refused))).toEqual([])
  })

  test.each([
    ['adds', 'box.session.on_connect(function() end)'],
    ['lists and deletes', 'for _, f in ipairs(box.session.on_connect()) do box.session.on_connect(nil, f) end'],
    ['replaces', 'for _, f in ipairs(box.session.on_connect()) do box.session.on_connect(function() end, f) end'],
    ['adds and replaces', 'local f = box.session.on_connect(function() end) box.session.on_connect(function() end, f)'],
  ])('does not get in when the application, or a test, %s triggers', async (_, lua) => {
    const instance = await startInstance({ appLua: lua, recordChanges: true })
    const intruder = new Intruder()
    const visit = async (): Promise<void> =>
      expect(await intruder.connect({ port: portOf(instance), lua: breakIn })).toContain(refused)
    await visit()
    await instance.command(lua)
    await visit()
    await instance.reset()
    await visit()
    expect(await wasEntered(instance)).toBe(false)
  })

  test('does not get in when triggers with names are set, deleted or come with a function', async context => {
    skipWithout('named triggers', context)
    const instance = await startInstance({ recordChanges: true })
    const intruder = new Intruder()
    for (const lua of [
      "require('trigger').set('box.session.on_connect', 'a', function() rawset(_G, 'somebody_was_here', true) end)",
      "for _, one in ipairs(require('trigger').info('box.session.on_connect')['box.session.on_connect']) do require('trigger').del('box.session.on_connect', one[1]) end",
      "require('trigger').del('box.session.on_connect', 'tarantool-fixture')",
      "require('trigger').del('tarantool.trigger.on_change', 'tarantool-fixture')",
      "require('trigger').set('box.session.on_connect', 'tarantool-fixture', function() end)",
      "require('trigger').set('tarantool.trigger.on_change', 'tarantool-fixture', function() end)",
      "box.schema.func.create('f', { body = [[function() rawset(_G, 'somebody_was_here', true) end]], trigger = 'box.session.on_connect' })",
      "box.schema.func.create('g', { body = [[function() rawset(_G, 'somebody_was_here', true) end]], trigger = 'box.session.on_connect' }) box.schema.func.drop('f')",
    ]) {
      await instance.command(lua)
      expect(await intruder.connect({ port: portOf(instance), lua: breakIn })).toContain(refused)
      expect({ lua, entered: await wasEntered(instance) }).toEqual({ lua, entered: false })
    }
    await instance.reset()
    expect(await intruder.connect({ port: portOf(instance), lua: breakIn })).toContain(refused)
  })

  test('gets in at no address that the server listens on', async context => {
    skipWithout('several addresses to listen on', context)
    const [first, second] = [await TarantoolInstance.getRandomPort(), await TarantoolInstance.getRandomPort()]
    const instance = await startInstance({ port: first })
    await instance.command(`box.cfg({ listen = { '127.0.0.1:${first}', '127.0.0.1:${second}' } })`)
    const intruder = new Intruder()
    for (const port of [first, second]) {
      expect(await intruder.connect({ port, lua: breakIn })).toContain(refused)
      expect(await ownClient(port)).toContain('the answer')
    }
    expect(await wasEntered(instance)).toBe(false)
  })

  test('gets in at no address where the application listens on all of them, by IPv4 and IPv6 (needs ::1)', async ({
    skip,
  }) => {
    skip(!hasIpv6, 'needs ::1')
    const port = await TarantoolInstance.getRandomPort()
    const instance = await startInstance({ port })
    await instance.command(`box.cfg({ listen = '[::]:${port}' })`)
    const intruder = new Intruder()
    for (const host of ['::1', '127.0.0.1']) {
      const said = await intruder.connect({ host, port, lua: breakIn })
      // Newer versions listen on IPv6 only.
      if (host === '127.0.0.1' && said === 'ECONNREFUSED') continue
      expect(said).toContain(`user ${otherUser}`)
      expect(await ownClient(port, host)).toContain('the answer')
    }
    expect(await wasEntered(instance)).toBe(false)
  })

  test('does not get in where a spare took over', async () => {
    const old = await startInstance()
    const spare = newInstance({ port: old.port })
    await spare.standBy()
    await old.kill()
    await spare.takeOver()
    expect(await new Intruder().connect({ port: portOf(spare), lua: breakIn })).toContain(refused)
    expect(await wasEntered(spare)).toBe(false)
  })

  test('does not get into a blocking instance', async () => {
    const instance = newSync()
    instance.start()
    expect(await new Intruder().connect({ port: instance.port as number, lua: breakIn })).toContain(refused)
    expect(instance.command('somebody_was_here')).toEqual([null])
  })

  test.each<{ what: string; access: InstanceOptions['access'] }>([
    { what: "'any'", access: 'any' },
    { what: 'its own id', access: { uids: [1, Number(otherUser)] } },
  ])('gets in where access is $what', async ({ access }) => {
    const instance = await startInstance({ access })
    await new Intruder().connect({ port: portOf(instance), lua: breakIn })
    expect(await wasEntered(instance)).toBe(true)
  })

  test('has a server of its own, into which its tester and root get, and nobody else', async ({ skip }) => {
    const fixtures = new URL('../../../../fixtures/boot.lua', import.meta.url).pathname
    const { stdout } = await runAsOther(
      `import { accessSync } from 'node:fs'
       try { accessSync(process.argv[1]); console.log('readable') } catch {}`,
      [fixtures],
    )
    skip(!stdout.includes('readable'), 'the fixtures are closed to other users')
    const directory = writeFiles({
      'as-other': `#!/bin/sh
[ "$1" = --version ] && exec "\${TARANTOOL_BIN:-tarantool}" "$@"
chown -R ${otherUser}:${otherUser} . .. || exit 9
exec chroot --userspec=${otherUser}:${otherUser} --skip-chdir / "\${TARANTOOL_BIN:-tarantool}" "$@"
`,
    })
    chmodSync(join(directory, 'as-other'), 0o755)
    chmodSync(directory, 0o755)
    const instance = await startInstance({ commandToRun: join(directory, 'as-other'), root: temporaryDirectory() })
    const port = portOf(instance)
    expect(await new Intruder(thirdUser).connect({ port, lua: breakIn })).toContain(refused)
    expect(await ownClient(port)).toContain('the answer')
    expect(await wasEntered(instance)).toBe(false)
    await new Intruder().connect({ port, lua: breakIn })
    expect(await wasEntered(instance)).toBe(true)
  })
})
