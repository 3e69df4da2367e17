import { existsSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NotRunningError, StartAbortedError, TarantoolInstance } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { contentOf, isAlive, newInstance, startInstance, temporaryDirectory } from '../support/instances.ts'

const slowApp = "require('fiber').sleep(100)"

function canConnect(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

test('a started instance runs, answers and says where it is', async () => {
  const instance = await startInstance()
  expect(instance.state).toBe('running')
  expect(instance.isRunning).toBe(true)
  expect(isAlive(instance.pid ?? 0)).toBe(true)
  expect(instance.uri).toBe(`127.0.0.1:${instance.port}`)
  expect(instance.fingerprint).toBe(`Tarantool[127.0.0.1:${instance.port}]`)
  expect(await instance.command('box.info.status')).toEqual(['running'])
  expect(await instance.eval('return ... + 1', 41)).toEqual([42])
  expect(instance.version().major).toBeGreaterThanOrEqual(1)
  expect(instance.version().isAtLeast(1, 10)).toBe(true)
  expect((await instance.binVersion()).text).toBe(instance.version().text)
})

test('start resolves to the instance, after the application has run to its last line', async () => {
  const instance = newInstance({ appLua: "require('fiber').sleep(0.2) last_line = true" })
  expect(await instance.start()).toBe(instance)
  expect(await instance.eval('return last_line')).toEqual([true])
})

test('the directory is for its owner only', async () => {
  const instance = await startInstance()
  expect(statSync(instance.workDir).mode & 0o777).toBe(0o700)
})

test('stop leaves no process, directory, socket or listening port', async () => {
  const root = temporaryDirectory()
  const instance = await startInstance({ root })
  const { pid, port, workDir, consolePort } = instance
  expect(existsSync(String(consolePort))).toBe(true)
  await instance.stop()
  expect(instance.state).toBe('stopped')
  expect(instance.pid).toBeUndefined()
  expect(isAlive(pid ?? 0)).toBe(false)
  expect(existsSync(workDir)).toBe(false)
  expect(contentOf(root)).toEqual([])
  expect(await canConnect(Number(port))).toBe(false)
})

test.each(['stop', 'terminate', 'kill'] as const)('%s works from every state', async end => {
  const fresh = newInstance()
  await fresh[end]()
  expect(fresh.state).toBe('new')

  const root = temporaryDirectory()
  const starting = newInstance({ root, appLua: slowApp })
  const started = starting.start()
  await starting.start({ wait: false })
  const { pid } = starting
  await starting[end]()
  await expect(started).rejects.toThrow(StartAbortedError)
  expect(isAlive(pid ?? 0)).toBe(false)
  expect(contentOf(root)).toEqual([])

  const dead = await startInstance({ root })
  dead.process?.kill()
  await dead.waitStopped()
  expect(dead.state).toBe('failed')
  await dead[end]()
  expect(contentOf(root)).toEqual([])

  const running = await startInstance({ root })
  await Promise.all([running[end](), running.stop(), running.kill()])
  await running[end]()
  expect(running.state).toBe('stopped')
  expect(contentOf(root)).toEqual([])
})

test('a start that is aborted before there is a process ends all the same', async () => {
  const root = temporaryDirectory()
  const instance = newInstance({ root })
  const started = instance.start()
  await instance.stop()
  await expect(started).rejects.toThrow(StartAbortedError)
  expect(contentOf(root)).toEqual([])
})

test('starts at the same time share one server, and a start of a running one changes nothing', async () => {
  const instance = newInstance()
  await Promise.all([instance.start(), instance.start(), instance.start({ wait: false })])
  const { pid } = instance
  await instance.start()
  expect(instance.pid).toBe(pid)
})

test('a start during a stop waits for it', async () => {
  const instance = await startInstance()
  const { pid, port } = instance
  const stopped = instance.stop()
  await instance.start()
  await stopped
  expect(instance.state).toBe('running')
  expect(instance.pid).not.toBe(pid)
  expect(instance.port).toBe(port)
  expect(await instance.eval('return 1')).toEqual([1])
})

test('start({ wait: false }) returns with the process, ready() when it is', async () => {
  const instance = newInstance({ appLua: "require('fiber').sleep(0.1)" })
  await instance.start({ wait: false })
  expect(instance.state).toBe('starting')
  expect(isAlive(instance.pid ?? 0)).toBe(true)
  await instance.ready()
  expect(instance.state).toBe('running')
})

test("the time that it takes to find the binary out, or to install it, is not the server's", async () => {
  const wrapper = join(temporaryDirectory(), 'tarantool')
  const real = process.env.TARANTOOL_BIN ?? 'tarantool'
  const script = `#!/bin/sh\n[ "$1" != --version ] || sleep 2\nexec '${real}' "$@"\n`
  writeFileSync(wrapper, script, { mode: 0o755 })
  const instance = await startInstance({ commandToRun: wrapper, timeout: 1900 })
  expect(await instance.eval('return 1')).toEqual([1])
})

test('a start that fails after start({ wait: false }) is told by ready(), also later', async () => {
  const instance = newInstance({ appLua: "error('boom')" })
  await instance.start({ wait: false })
  await expect(instance.ready()).rejects.toThrow('boom')
  await expect(instance.ready()).rejects.toThrow('boom')
  expect(instance.state).toBe('failed')
})

test('restart keeps the address, takes a new process, and with a WAL the data', async () => {
  const instance = await startInstance({
    walMode: 'write',
    appLua: "box.schema.space.create('kept', { if_not_exists = true }):create_index('pk', { if_not_exists = true })",
  })
  const { pid, port } = instance
  await instance.eval("box.space.kept:replace({ 1, 'row' })")
  await instance.restart()
  expect(instance.port).toBe(port)
  expect(instance.pid).not.toBe(pid)
  expect(await instance.eval('return box.space.kept:get(1)')).toEqual([[1, 'row']])
  await instance.restart({ recreate: true })
  expect(await instance.eval('return box.space.kept:count()')).toEqual([0])
})

test('kill({ cleanup: false }) leaves what a crash would, for the next start to recover', async () => {
  const instance = await startInstance({
    walMode: 'write',
    appLua: "box.schema.space.create('kept', { if_not_exists = true }):create_index('pk', { if_not_exists = true })",
  })
  await instance.eval('box.space.kept:replace({ 1 })')
  await instance.kill({ cleanup: false })
  await instance.start({ recreate: false })
  expect(await instance.eval('return box.space.kept:count()')).toEqual([1])
})

test('stop escalates to SIGKILL when the server does not leave', async context => {
  skipWithout('triggers of a shutdown', context)
  const lines: string[] = []
  const instance = await startInstance({
    stopTimeout: 100,
    appLua: "box.ctl.on_shutdown(function() require('fiber').sleep(100) end)",
    logger: line => lines.push(line),
  })
  const { fingerprint } = instance
  await instance.stop()
  expect(instance.process?.signal).toBe('SIGKILL')
  // Whoever waits for that at each stop is told why.
  expect(lines.at(-1)).toMatch(/^tarantool-fixture: .* did not end within 100 ms .*on_shutdown trigger/)
  expect(lines.at(-1)).toContain(fingerprint)
})

test.for([
  {
    what: 'a trigger that hangs',
    feature: 'a time limit of a shutdown',
    appLua: "box.ctl.on_shutdown(function() require('fiber').sleep(100) end)",
    why: 'on_shutdown trigger of the application hangs',
  },
  {
    what: 'a fiber that stays',
    feature: 'a shutdown that waits for fibers',
    appLua: "require('fiber').create(function() while true do pcall(require('fiber').sleep, 1) end end)",
    why: 'does not end when it is cancelled',
  },
] as const)('a shutdown that takes its whole time says so once: $what', async ({ feature, appLua, why }, context) => {
  skipWithout(feature, context)
  const lines: string[] = []
  const logger = (line: string): void => {
    if (line.startsWith('tarantool-fixture:')) lines.push(line)
  }
  const servers = await Promise.all([1, 2].map(() => startInstance({ appLua, logger })))
  await Promise.all(servers.map(server => server.stop()))
  expect(servers.map(server => server.process?.signal)).toEqual([undefined, undefined])
  expect(lines).toEqual([expect.stringContaining(why)])
  expect(lines[0]).toMatch(/^tarantool-fixture: Tarantool\[.*\] took the full time/)
})

test('a paused server is stopped without waiting for the grace time', async () => {
  const instance = await startInstance({ stopTimeout: 100_000 })
  instance.process?.sendSignal('SIGSTOP')
  await instance.stop()
  expect(instance.process?.exit).toBeDefined()
})

test('a paused server does not answer until it is resumed, also by a reset', async () => {
  const instance = await startInstance({ recordChanges: true })
  for (const resume of [() => instance.resume(), () => instance.reset()]) {
    await instance.pause()
    await expect(instance.command('true', { timeout: 50 })).rejects.toMatchObject({
      summary: expect.stringContaining('the server is paused'),
      hint: expect.stringContaining('resume()'),
    })
    await resume()
    expect(await instance.command('true')).toEqual([true])
  }
})

test('a server can be paused while it starts, and not before or after it runs', async () => {
  const instance = newInstance()
  await expect(instance.pause()).rejects.toThrow(NotRunningError)
  await instance.start({ wait: false })
  await instance.pause()
  await instance.resume()
  await instance.ready()
  await instance.stop()
  await expect(instance.pause()).rejects.toThrow(NotRunningError)
  await expect(instance.resume()).rejects.toThrow(NotRunningError)
})

test('waitStopped says how the server ended', async () => {
  const instance = await startInstance()
  expect(await newInstance().waitStopped()).toBeUndefined()
  const ended = instance.waitStopped()
  instance.process?.sendSignal('SIGKILL')
  expect(await ended).toEqual({ exitCode: undefined, signal: 'SIGKILL' })
  expect(instance.state).toBe('failed')
})

test('a program that the server started ends with it', async context => {
  skipWithout('popen', context)
  const instance = await startInstance()
  const [pid] = await instance.eval(
    "sleeper = require('popen').new({ '/bin/sleep', '1000' }, { setsid = false }) return sleeper.pid",
  )
  expect(isAlive(Number(pid))).toBe(true)
  await instance.stop()
  await expect.poll(() => isAlive(Number(pid))).toBe(false)
})

test('prepare chooses the port and writes the init script, and starts nothing', async () => {
  const instance = newInstance()
  expect(() => instance.port).toThrow(NotRunningError)
  const script = await instance.prepare()
  expect(script).toBe(join(instance.workDir, 'init.lua'))
  expect(existsSync(script)).toBe(true)
  expect(instance.pid).toBeUndefined()
  const { port } = instance
  await instance.start()
  expect(instance.port).toBe(port)
  await expect(instance.prepare()).rejects.toThrow(NotRunningError)
  await expect(instance.cleanup()).rejects.toThrow(NotRunningError)
})

test('cleanup removes what prepare made', async () => {
  const root = temporaryDirectory()
  const instance = newInstance({ root })
  await instance.prepare()
  expect(contentOf(root)).toHaveLength(1)
  await instance.cleanup()
  expect(contentOf(root)).toEqual([])
})

test('an instance is disposed of asynchronously', async () => {
  const instance = await startInstance()
  const { pid } = instance
  await instance[Symbol.asyncDispose]()
  expect(isAlive(pid ?? 0)).toBe(false)
})

test('what needs a running server says that it does not run', async () => {
  const instance = newInstance()
  await expect(instance.command('1')).rejects.toThrow(NotRunningError)
  await expect(instance.eval('return 1')).rejects.toThrow(NotRunningError)
  await expect(instance.call('x')).rejects.toThrow(NotRunningError)
  await expect(instance.ready()).rejects.toThrow(NotRunningError)
  expect(() => instance.version()).toThrow(NotRunningError)
})

test('getRandomPort gives a free port', async () => {
  const ports = await Promise.all(Array.from({ length: 5 }, () => TarantoolInstance.getRandomPort()))
  expect(new Set(ports).size).toBe(5)
  expect(await canConnect(ports[0] ?? 0)).toBe(false)
})
