import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { InitScriptError, PortTakenError } from '../../../src/index.ts'
import { contentOf, newInstance, startInstance, temporaryDirectory } from '../../support/instances.ts'
import { portIn, Thief } from '../../support/thief.ts'

test.each([
  { which: 'port', file: 'boot.lua', name: 'listen' },
  { which: 'consolePort', file: 'boot.lua', name: 'console' },
] as const)('a chosen $which that is lost before the bind: another one is taken', async ({ which, file, name }) => {
  const root = temporaryDirectory()
  const thief = new Thief(portIn(file, name))
  thief.steal(2)
  const instance = await startInstance({ root, consoleHost: '127.0.0.1', commandToRun: thief.command })
  expect(new Set([...thief.stolen, instance[which]]).size).toBe(3)
  expect(await instance.eval('return 1')).toEqual([1])
  expect(await instance.command('1')).toEqual([1])
  await instance.stop()
  expect(contentOf(root)).toEqual([])
})

test('a port that is lost again and again is an error in the end', async () => {
  const thief = new Thief(portIn('boot.lua', 'listen'))
  thief.steal(10_000)
  const failure = await newInstance({ commandToRun: thief.command, timeout: 5000 })
    .start()
    .catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(PortTakenError)
  expect((failure as PortTakenError).message).toContain('The address was free when the fixture chose it')
  expect(new Set(thief.stolen).size).toBe(thief.stolen.length)
})

test('a fixed port that is taken is tried once, whatever else is chosen', async () => {
  const thief = new Thief(portIn('boot.lua', 'console'))
  thief.steal(100)
  const consolePort = 1024 + (process.pid % 20_000)
  await expect(newInstance({ consolePort, commandToRun: thief.command }).start()).rejects.toThrow('Leave the port out')
  expect(thief.stolen).toEqual([consolePort])
})

test.each(['restart', 'stop and start'])('a port lost over a %s is taken as soon as it is free again', async how => {
  const thief = new Thief(portIn('boot.lua', 'listen'))
  const instance = await startInstance({ commandToRun: thief.command, timeout: 60_000 })
  const { port } = instance
  // The thief ends with the server that it has stolen from.
  thief.steal(3)
  if (how !== 'restart') await instance.stop()
  await (how === 'restart' ? instance.restart() : instance.start())
  expect(thief.stolen).toEqual([port, port, port])
  expect(instance.port).toBe(port)
  expect(await instance.eval('return 1')).toEqual([1])
})

test('a port that stays lost over a stop is an error naming it, and the instance lives on', async () => {
  const instance = await startInstance({ timeout: 3000 })
  const { port } = instance
  await instance.stop()
  const other = createServer().listen(Number(port), '127.0.0.1')
  await once(other, 'listening')
  const failure = await instance.start().catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(PortTakenError)
  expect((failure as PortTakenError).address).toBe(`127.0.0.1:${port}`)
  expect((failure as PortTakenError).message).toContain('Another process has taken it since')
  const again = instance.start()
  other.close()
  await again
  expect(instance.port).toBe(port)
  expect(await instance.eval('return 1')).toEqual([1])
})

test('a server that replaces another one waits for its port, too', async () => {
  const first = await startInstance()
  const { port } = first
  const successor = newInstance({ port })
  const started = successor.start()
  await successor.start({ wait: false })
  // The process that now runs finds the port taken, and another one takes its place.
  const line = successor.waitForLog('ready to accept requests', { timeout: 30_000 })
  await successor.waitForLog('in use', { timeout: 30_000 })
  await first.stop()
  await started
  expect(await successor.eval('return box.info.pid')).toEqual([successor.pid])
  expect(await line).toContain(`[${successor.pid}]`)
})

test("an address that the application cannot bind is the application's error", async () => {
  const failure = await newInstance({ appLua: "error('bind: Address already in use')" })
    .start()
    .catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(InitScriptError)
  expect((failure as Error).message).toMatch(/appLua:1: .*already in use/)
})

test('a restart that fails for another reason is not taken for a lost port by what the log had before', async () => {
  const thief = new Thief(portIn('boot.lua', 'listen'))
  thief.steal(1)
  const instance = newInstance({ commandToRun: thief.command, walMode: 'write' })
  await instance.start({ recreate: false })
  expect(await instance.grepLog(/in use/)).not.toEqual([])
  await instance.eval('box.snapshot()')
  const [snapshot] = await instance.eval<[string]>(
    "return require('fio').glob(require('fio').pathjoin(box.cfg.work_dir, '*.snap'))[1]",
  )
  await instance.stop({ cleanup: false })
  writeFileSync(snapshot, 'no snapshot')
  const failure = await instance.start({ recreate: false }).catch((error: unknown) => error)
  expect(failure).not.toBeInstanceOf(PortTakenError)
  expect((failure as Error).message).toMatch(/exited with code 1 before it was ready/)
})

test("a start that fails before the bind leaves another server's socket alone, and the server a stale one", async () => {
  const path = join(temporaryDirectory(), 'one.sock')
  const first = await startInstance({ host: 'unix/', port: path })
  await expect(newInstance({ host: 'unix/', port: path, boxCfg: { no_such_option: 1 } }).start()).rejects.toThrow(
    'no_such_option',
  )
  expect(await first.eval('return 1')).toEqual([1])
  await first.kill({ cleanup: false })
  expect(existsSync(path)).toBe(false)
  rmSync(path, { force: true })
  mkdirSync(path)
  await expect(newInstance({ host: 'unix/', port: path }).start()).rejects.toThrow()
  expect(existsSync(path)).toBe(true)
})
