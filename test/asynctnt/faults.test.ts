import { existsSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LuaError, ServerExitedError, TarantoolAsyncInstance } from '../../src/index.ts'
import { contentOf, isAlive, temporaryDirectory } from '../support/instances.ts'
import { portIn, Thief } from '../support/thief.ts'
import { classes, failureOf, make, start } from './classes.ts'

describe.each(classes)('$name: faults of asynctnt that did not come along', ({ Class }) => {
  test('the reader of the log stops, and the server hangs when the pipe is full', async () => {
    const instance = await start(Class, { logger: () => {} })
    await instance.eval("for i = 1, 3000 do require('log').info(('x'):rep(100)) end")
    expect(await instance.eval('return 1')).toEqual([1])
    expect(await instance.grepLog('x'.repeat(100))).toHaveLength(3000)
  })

  test("start returns before the application's Lua has run", async () => {
    const instance = await start(Class, { appLua: "require('fiber').sleep(0.2) last_line = 'has run'" })
    expect(await instance.eval('return last_line')).toEqual(['has run'])
  })

  test('a process that is dead is waited for until the time is over', async () => {
    // The test would run out of its own.
    const instance = make(Class, { appLua: 'os.exit(7)', timeout: 10 * 60_000 })
    const failure = await failureOf(() => instance.start())
    expect(failure).toBeInstanceOf(ServerExitedError)
    expect((failure as ServerExitedError).exitCode).toBe(7)
  })

  test.each(['stop', 'terminate', 'kill'] as const)('directories and socket files stay: %s', async end => {
    const [root, sockets] = [temporaryDirectory(), temporaryDirectory()]
    const instance = await start(Class, {
      root,
      host: 'unix/',
      port: join(sockets, 'one.sock'),
      consolePort: join(sockets, 'two.sock'),
    })
    expect(contentOf(sockets)).toHaveLength(2)
    await instance[end]()
    expect([contentOf(root), contentOf(sockets)]).toEqual([[], []])
  })

  test('a start that fails leaves its server running, and its directory', async () => {
    const root = temporaryDirectory()
    let pid = 0
    const instance = make(Class, { root, timeout: 300, appLua: "require('fiber').sleep(100)" })
    await instance.start({ wait: false })
    pid = instance.pid as number
    expect(isAlive(pid)).toBe(true)
    await failureOf(() => instance.start())
    expect([isAlive(pid), contentOf(root)]).toEqual([false, []])
  })

  test('the directory that root names is emptied', async () => {
    const root = temporaryDirectory()
    writeFileSync(join(root, 'mine'), '')
    const instance = await start(Class, { root })
    await instance.stop()
    expect(existsSync(join(root, 'mine'))).toBe(true)
  })

  test('four spaces are eaten from strings', async () => {
    const instance = await start(Class, { appLua: "text = 'a    b        c'" })
    expect(await instance.eval('return text')).toEqual(['a    b        c'])
  })

  test('a dollar in Lua, a quote in a title or a directory break the init script', async () => {
    const root = join(temporaryDirectory(), 'it\'s "quoted"')
    const instance = await start(Class, { root, title: 'it\'s "a" \\ title', appLua: "text = '$1 $host $$ <% x %>'" })
    expect(await instance.eval('return text, box.cfg.custom_proc_title')).toEqual([
      '$1 $host $$ <% x %>',
      'it\'s "a" \\ title',
    ])
  })

  test('a port is lost between its choice and the bind', async () => {
    const thief = new Thief(portIn('boot.lua', 'listen'))
    thief.steal(1)
    const instance = await start(Class, { commandToRun: thief.command })
    expect(thief.stolen).not.toContain(instance.port)
    expect(await instance.eval('return 1')).toEqual([1])
  })

  test('stop waits for ever for a server that does not leave', async () => {
    const instance = await start(Class, { stopTimeout: 100 })
    await instance.eval("require('fiber').create(function() require('fiber').sleep(0.01) while true do end end)")
    const pid = instance.pid as number
    await instance.stop()
    expect(isAlive(pid)).toBe(false)
  })

  test('wait_stopped is not told of a stop', async () => {
    const instance = await start(Class)
    const child = instance.process
    await instance.stop()
    expect(await instance.waitStopped()).toEqual({ exitCode: 0, signal: undefined })
    expect(child?.exit).toEqual({ exitCode: 0, signal: undefined })
  })

  test('command knows no console on a socket', async () => {
    const instance = await start(Class, { host: 'unix/', consoleHost: 'unix/' })
    expect(await instance.command('1')).toEqual([1])
  })

  test('command cuts a value at three dots on a line of their own', async () => {
    const instance = await start(Class)
    expect(await instance.command("'a\\n...\\nb', 2")).toEqual(['a\n...\nb', 2])
  })

  test('command returns an error as if it were a value, and runs the lines of a text one by one', async () => {
    const instance = await start(Class)
    expect(await failureOf(() => instance.command("error('boom')"))).toBeInstanceOf(LuaError)
    expect(await instance.command('local a = 1\nreturn a + 1')).toEqual([2])
  })

  test('the console, where everybody is admin, is on a port that everybody reaches', async () => {
    const instance = await start(Class)
    expect([instance.consoleHost, instance.host]).toEqual(['unix/', '127.0.0.1'])
    const greeting = await new Promise(resolve => {
      createConnection(Number(instance.port), '127.0.0.1').once('data', function (this: { destroy(): void }, data) {
        this.destroy()
        resolve(String(data))
      })
    })
    expect(greeting).toContain('(Binary)')
  })

  test('a crash takes the log with it', async () => {
    const instance = await start(Class)
    await instance.eval("require('log').info('last words')")
    const child = instance.process
    child?.kill()
    await child?.wait()
    expect(await instance.grepLog('last words')).toHaveLength(1)
  })

  test('two instances with no option get in the way of each other', async () => {
    const [one, other] = [await start(Class), await start(Class)]
    await one.eval('mine = 1')
    expect(await other.eval('return mine')).toEqual([null])
  })
})

test('a second start runs a second server', async () => {
  const instance = await start(TarantoolAsyncInstance)
  const { pid } = instance
  await Promise.all([instance.start(), instance.start()])
  expect(instance.pid).toBe(pid)
})
