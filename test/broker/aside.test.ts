import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ServerOptions } from '../../src/config/server-options.ts'
import { InitScriptError } from '../../src/errors.ts'
import { docker, needsEngine, noEngine } from '../support/engine.ts'
import { isAlive } from '../support/instances.ts'
import { evaluate, lease, open } from '../support/leased.ts'
import { serversBelow } from '../support/processes.ts'

const kinds: Record<string, ServerOptions> = {
  'on TCP': {},
  'on a unix socket': { host: 'unix/' },
  'with a console on TCP': { consoleHost: '127.0.0.1' },
  'in a container': { docker },
  'in a container, with a console on TCP': { docker, consoleHost: '127.0.0.1' },
  'in a container, on a unix socket': { docker, host: 'unix/' },
  'in a container, on a unix socket, with a console on TCP': { docker, host: 'unix/', consoleHost: '127.0.0.1' },
  "in a container in the host's network": { docker: { ...docker, args: ['--network', 'host'] } },
}

describe.each(Object.entries(kinds))(`a server %s (containers: ${needsEngine})`, (_, options) => {
  test.skipIf(options.docker && noEngine).each([
    ['one that is started then', false],
    ['its spare', true],
  ])('stands aside for %s, and comes back as it was', async (_, spare) => {
    const { server } = await lease(options)
    if (spare) await server.renew()
    const before = server.info()
    await evaluate(server, 'MINE = 1 box.cfg{ too_long_threshold = 3 }')
    const client = await open(server)
    const aside = await server.stepAside(spare)
    expect(aside).toMatchObject({ host: before.host, port: before.port, aside: true, leasedBefore: false })
    expect(aside).toMatchObject({ consoleHost: before.consoleHost, beganEmpty: true })
    expect([aside.pid, aside.generation]).not.toEqual([before.pid, before.generation])
    // Clients must not stay connected to the process that stands aside.
    if (!client.closed) await once(client, 'close')
    expect(await evaluate(server, 'return MINE')).toEqual([null])
    const another = await server.restart(true)
    expect(another.aside).toBe(true)
    const back = await server.comeBack()
    expect({ ...back, leasedBefore: before.leasedBefore }).toEqual(before)
    expect(isAlive(another.pid)).toBe(false)
    expect(await evaluate(server, 'return MINE, box.cfg.too_long_threshold')).toEqual([1, 3])
    expect(await open(server)).toBeDefined()
    // The server can step aside any number of times.
    expect((await server.stepAside(spare)).pid).not.toBe(before.pid)
    expect((await server.comeBack()).pid).toBe(before.pid)
  })
})

test('one that dies while it stands aside is another one afterwards', async () => {
  const { server } = await lease()
  const { pid, port, generation } = server.info()
  await server.stepAside(false)
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => isAlive(pid)).toBe(false)
  const back = await server.comeBack()
  expect(back).toMatchObject({ port, aside: false, beganEmpty: true })
  expect(back.generation).toBeGreaterThan(generation + 1)
  expect(await evaluate(server, 'return box.info.pid')).toEqual([back.pid])
})

test('where no other process starts, it comes back at once', async () => {
  const { server, root } = await lease({
    appLua: `if io.open('${tmpdir()}/fixture-once-${process.pid}') then error('only once') end
      io.open('${tmpdir()}/fixture-once-${process.pid}', 'w'):close()`,
  })
  onTestFinished(() => rmSync(`${tmpdir()}/fixture-once-${process.pid}`))
  const before = server.info()
  await expect(server.stepAside(false)).rejects.toThrow(InitScriptError)
  expect(server.info()).toEqual(before)
  expect(await evaluate(server, 'return box.info.pid')).toEqual([before.pid])
  expect(serversBelow(root)).toHaveLength(1)
})

test('its lease ends while it stands aside: nothing of it is there', async () => {
  const { server, root, release } = await lease()
  const { pid } = server.info()
  await server.stepAside(false)
  release()
  await server.ensure()
  expect(isAlive(pid)).toBe(false)
  expect(serversBelow(root)).toHaveLength(1)
})
