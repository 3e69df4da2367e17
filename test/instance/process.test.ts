import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ServerControl } from '../../src/instance/control/server-control.ts'
import { type ProcessSpec, TarantoolProcess } from '../../src/instance/process.ts'
import { isAlive, temporaryDirectory } from '../support/instances.ts'

const running = "process.on('SIGTERM', () => process.exit(5)); setInterval(() => {}, 1000); console.log('runs')"

/** Spawns Node in place of a server. */
function spawnNode(script: string, more: Partial<ProcessSpec> = {}): TarantoolProcess {
  const cwd = temporaryDirectory()
  const logFile = join(cwd, 'log')
  const args = ['-e', script]
  const spawned = TarantoolProcess.spawn({ command: process.execPath, args, cwd, env: process.env, logFile, ...more })
  onTestFinished(() => void spawned.kill())
  return spawned
}

const firstOutput = async ({ reportStream }: TarantoolProcess): Promise<string> =>
  await new Promise(resolve => reportStream.once('data', chunk => resolve(String(chunk))))

describe('a process that is the server', () => {
  test.each([
    { script: 'process.exit(3)', exit: { exitCode: 3, signal: undefined } },
    { script: "process.kill(process.pid, 'SIGTERM')", exit: { exitCode: undefined, signal: 'SIGTERM' } },
  ])('tells how it ended: $script', async ({ script, exit }) => {
    const server = spawnNode(script)
    expect(server.exit).toBeUndefined()
    expect(await server.wait()).toEqual(exit)
    expect([server.exit, server.exitCode, server.signal]).toEqual([exit, exit.exitCode, exit.signal])
  })

  test('cannot be signalled any more when it has ended', async () => {
    const server = spawnNode('')
    await server.wait()
    expect([server.sendSignal('SIGTERM'), server.terminate(), server.kill()]).toEqual([false, false, false])
  })

  test.each(['ENOENT', 'E2BIG'])('that cannot be made has no id, but a reason: %s', async code => {
    const more = code === 'ENOENT' ? { command: '/nowhere/tarantool' } : { args: ['x'.repeat(2 ** 22)] }
    const server = spawnNode('', more)
    expect([server.pid, server.serverPid]).toEqual([0, undefined])
    expect([server.sendSignal('SIGTERM'), server.terminate(), server.kill()]).toEqual([false, false, false])
    expect(await server.wait()).toEqual({ exitCode: undefined, signal: undefined })
    expect(server.spawnError).toMatchObject({ code })
  })

  test('is woken up to shut down', async () => {
    const server = spawnNode(running)
    await firstOutput(server)
    server.sendSignal('SIGSTOP')
    expect(await server.exitWithin(50)).toBeUndefined()
    expect(server.terminate()).toBe(true)
    expect(await server.wait()).toEqual({ exitCode: 5, signal: undefined })
  })

  test('is killed when its time is over', async () => {
    const server = spawnNode(`${running}; process.removeAllListeners('SIGTERM').on('SIGTERM', () => {})`)
    await firstOutput(server)
    expect(await server.stop(50)).toEqual({ exitCode: undefined, signal: 'SIGKILL' })
  })

  test('takes along what it has started', async () => {
    const server = spawnNode(
      "console.log(require('node:child_process').spawn('sleep', ['60']).pid); setTimeout(() => process.exit(), 100)",
    )
    const child = Number(await firstOutput(server))
    await server.wait()
    await expect.poll(() => isAlive(child)).toBe(false)
  })
})

test('a server for which the process only stands is asked through its own control', async () => {
  const asked: string[] = []
  const note = (what: string): true => {
    asked.push(what)
    return true
  }
  const server = spawnNode(running, {
    control: spawned =>
      ({
        pid: 42,
        signal: name => note(name),
        terminate: () => note('terminate'),
        kill: () => note('kill') && spawned.signalGroup('SIGKILL'),
        unpublish: async () => void note('unpublish'),
        publish: async () => void note('publish'),
        exitOf: ({ signal }) => ({ exitCode: signal === 'SIGKILL' ? 7 : 8, signal: undefined }),
      }) satisfies ServerControl,
  })
  await firstOutput(server)
  expect(server.serverPid).toBe(42)
  server.sendSignal('SIGHUP')
  await server.unpublish()
  await server.publish()
  expect(await server.stop(20)).toEqual({ exitCode: 7, signal: undefined })
  expect(server.exit).toEqual({ exitCode: 7, signal: undefined })
  expect(asked).toEqual(['SIGHUP', 'unpublish', 'publish', 'terminate', 'kill'])
  expect(readFileSync(server.log.path, 'utf8')).toBe('')
})
