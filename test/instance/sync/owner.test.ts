import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test, vi } from 'vitest'
import { contentOf, isAlive, temporaryDirectory } from '../../support/instances.ts'
import { serversBelow } from '../../support/processes.ts'

// The built package, as a user's script imports it.
const built = new URL('../../../dist/index.js', import.meta.url).href

function runScript(root: string, script: string): ChildProcess {
  const whole = `
    import { writeSync } from 'node:fs'
    import { Worker } from 'node:worker_threads'
    import { TarantoolSyncInstance } from '${built}'
    const root = process.argv[1]
    const say = line => writeSync(1, line + '\\n')
    ${script}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', whole, root], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const within = { timeout: 5000, interval: 10 }

const nothingIsLeft = async (root: string): Promise<void> => {
  await vi.waitFor(() => expect([contentOf(root), serversBelow(root)]).toEqual([[], []]), within)
}

test.each<{ what: string; script: string; code?: number; says?: string; warns?: RegExp }>([
  {
    what: 'comes to its end beside a server, a busy one, and one that starts',
    script: `
      const one = new TarantoolSyncInstance({ root, logger: () => {} }).start()
      one.command("require('fiber').create(function() require('fiber').sleep(0.01) while true do end end)")
      new TarantoolSyncInstance({ root, appLua: "require('fiber').sleep(60)" }).start({ wait: false })
      say('end')`,
  },
  {
    what: 'ends with process.exit',
    script: "new TarantoolSyncInstance({ root }).start(); say('end'); process.exit(3)",
    code: 3,
  },
  {
    what: 'ends with an error',
    script: "new TarantoolSyncInstance({ root }).start(); say('end'); throw new Error('mine')",
    code: 1,
    warns: /Error: mine/,
  },
  {
    what: 'waits for an event after a call that timed out',
    script: `
      const one = new TarantoolSyncInstance({ root }).start()
      one.requestTimeout = 20
      try { one.eval('while true do end') } catch (error) { say(error.code) }
      setTimeout(() => say('end'), 50)`,
    says: 'ERR_TARANTOOL_REQUEST_TIMEOUT\nend\n',
  },
  {
    what: 'does not wait for lines of its logger',
    script: `
      const one = new TarantoolSyncInstance({ root, logger: () => {} }).start()
      one.eval("require('fiber').create(function() while true do require('log').info('x') require('fiber').sleep(0.001) end end)")
      say('end')`,
  },
])('a process that $what: it ends, and its servers with it', async ({ script, code = 0, says = 'end\n', warns }) => {
  const root = temporaryDirectory()
  const child = runScript(root, script)
  if (!child.stdout || !child.stderr) throw new Error('no pipes')
  const [[exit], stdout, stderr] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
  expect(stdout).toBe(says)
  if (warns) expect(stderr).toMatch(warns)
  else expect(stderr).toBe('')
  expect(exit).toBe(code)
  await nothingIsLeft(root)
})

test.each([
  { what: 'between its calls', script: "say('ready'); setInterval(() => {}, 1000)" },
  { what: 'in the middle of a call', script: "say('ready'); one.eval('while true do end')" },
])('a process that is killed $what: its servers are gone', async ({ script }) => {
  const root = temporaryDirectory()
  const child = runScript(root, `const one = new TarantoolSyncInstance({ root }).start(); ${script}`)
  if (!child.stdout) throw new Error('no pipe')
  await once(child.stdout, 'data')
  expect(serversBelow(root)).toHaveLength(1)
  child.kill('SIGKILL')
  await nothingIsLeft(root)
})

test('a thread that ends takes its servers along, and the process stays', async () => {
  const root = temporaryDirectory()
  const script = `
    const code = \`
      const { workerData, parentPort } = require('node:worker_threads')
      import(workerData.built).then(({ TarantoolSyncInstance }) => {
        const one = new TarantoolSyncInstance({ root: workerData.root }).start()
        parentPort.postMessage(one.pid)
        setInterval(() => {}, 1000)
      })\`
    const worker = new Worker(code, { eval: true, execArgv: [], workerData: { root, built: '${built}' } })
    const mine = new TarantoolSyncInstance({ root }).start()
    worker.once('message', async pid => {
      await worker.terminate()
      say(JSON.stringify([pid, mine.pid, mine.eval('return 1')]))
    })
    process.stdin.resume()`
  const child = runScript(root, script)
  if (!child.stdout) throw new Error('no pipe')
  const [line] = await once(child.stdout, 'data')
  const [theirs, mine, answer] = JSON.parse(String(line)) as [number, number, number[]]
  expect(answer).toEqual([1])
  await vi.waitFor(() => expect([isAlive(theirs), isAlive(mine)]).toEqual([false, true]), within)
  child.stdin?.end()
  await once(child, 'exit')
  await nothingIsLeft(root)
})

test('the thread of the servers is ended: the next call says so, to stop it is no error, a new instance has a new thread', async () => {
  const root = temporaryDirectory()
  const script = `
    import threads from 'node:worker_threads'
    import { syncBuiltinESMExports } from 'node:module'
    const made = []
    threads.Worker = class extends Worker { constructor(...args) { super(...args); made.push(this) } }
    syncBuiltinESMExports()
    const one = new TarantoolSyncInstance({ root }).start()
    await made[0].terminate()
    try { one.eval('return 1') } catch (error) { say(error.code + ': ' + error.summary) }
    one.stop()
    say(String(one.isRunning))
    say(JSON.stringify(new TarantoolSyncInstance({ root }).start().eval('return 2')))`
  const child = runScript(root, script)
  if (!child.stdout) throw new Error('no pipe')
  const [stdout] = await Promise.all([text(child.stdout), once(child, 'exit')])
  const [error, isRunning, answer] = stdout.split('\n')
  expect(error).toMatch(/^ERR_TARANTOOL_NOT_RUNNING: .*the thread that runs the blocking instances has ended/)
  expect([isRunning, answer]).toEqual(['false', '[2]'])
  await nothingIsLeft(root)
})
