import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { contentOf, temporaryDirectory } from '../../support/instances.ts'
import { serversBelow } from '../../support/processes.ts'

// The built package, as a user's script imports it.
const built = new URL('../../../dist/index.js', import.meta.url).href

function runScript(root: string, script: string): ChildProcess {
  const whole = `
    import { writeSync } from 'node:fs'
    import { TarantoolInstance } from '${built}'
    const root = process.argv[1]
    const say = line => writeSync(1, line + '\\n')
    ${script}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', whole, root], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function outcomeOf(child: ChildProcess): Promise<{ code: number; stdout: string; stderr: string }> {
  if (!child.stdout || !child.stderr) throw new Error('no pipes')
  const [[code], stdout, stderr] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
  return { code: code as number, stdout, stderr }
}

interface Life {
  what: string
  script: string
  code?: number
  says: string
  warns?: RegExp
}

// In each of these, Node comes to its end by itself: a test that waits for it has a time limit of its own.
describe("an owner's life", () => {
  test.each<Life>([
    {
      what: 'ends beside a server that nobody stopped, and takes it along',
      script: "await new TarantoolInstance({ root }).start(); say('end')",
      says: 'end\n',
    },
    {
      what: 'ends beside one that it has talked to, with a logger',
      script: `
        const instance = await new TarantoolInstance({ root, logger: () => {} }).start()
        await instance.eval('return 1')
        await instance.command('1')
        say('end')`,
      says: 'end\n',
    },
    {
      what: 'does not end before a start that is under way',
      script: `
        const instance = new TarantoolInstance({ root, appLua: "require('fiber').sleep(0.3)" })
        void instance.start().then(() => say('ready'))`,
      says: 'ready\n',
    },
    {
      what: 'does not end before a start that nobody waits for',
      script: `
        const instance = new TarantoolInstance({ root, appLua: "require('fiber').sleep(0.3)" })
        await instance.start({ wait: false })
        process.on('exit', () => say(instance.state))`,
      says: 'running\n',
    },
    {
      what: 'does not end before a waitStopped, asked for while the server starts',
      script: `
        const appLua = "require('fiber').create(function() require('fiber').sleep(0.3) os.exit(7) end)"
        const instance = new TarantoolInstance({ root, appLua })
        await instance.start({ wait: false })
        const stopped = instance.waitStopped()
        await instance.ready()
        say((await stopped).exitCode)`,
      says: '7\n',
    },
    {
      what: 'does not end before a stop',
      script: `
        const appLua = "if box.ctl.on_shutdown then box.ctl.on_shutdown(function() require('fiber').sleep(0.3) end) end"
        const instance = await new TarantoolInstance({ root, appLua }).start()
        void instance.stop().then(() => say(instance.state))`,
      says: 'stopped\n',
    },
    {
      what: 'does not see the failure of a start that nobody waits for',
      script: `
        const instance = new TarantoolInstance({ root, appLua: "error('boom')" })
        await instance.start({ wait: false })
        process.on('exit', () => say(instance.state))`,
      says: 'failed\n',
    },
    {
      what: 'is warned of a logger that throws, and goes on',
      script: `
        const lines = []
        const logger = line => { lines.push(line); throw new Error('from the logger') }
        const instance = await new TarantoolInstance({ root, logger, appLua: "print('the last line')" }).start()
        await instance.stop()
        say(instance.state + (lines.length > 1) + lines.some(line => line === 'the last line'))`,
      says: 'stoppedtruetrue\n',
      warns: /Warning: the option 'logger' threw: Error: from the logger/,
    },
    {
      what: 'may call process.exit() beside a server',
      script: "await new TarantoolInstance({ root }).start(); say('end'); process.exit(3)",
      code: 3,
      says: 'end\n',
    },
    {
      what: 'may call process.exit() in a start',
      script: `
        const instance = new TarantoolInstance({ root, appLua: 'while true do end' })
        await instance.start({ wait: false })
        process.exit(3)`,
      code: 3,
      says: '',
    },
    {
      what: 'may end by an error',
      script: "await new TarantoolInstance({ root }).start(); throw new Error('of the user')",
      code: 1,
      says: '',
      warns: /of the user/,
    },
  ])('$what', async ({ script, code = 0, says, warns }) => {
    const root = temporaryDirectory()
    const outcome = await outcomeOf(runScript(root, script))
    expect(outcome).toMatchObject({ code, stdout: says })
    if (warns) expect(outcome.stderr).toMatch(warns)
    else expect(outcome.stderr).toBe('')
    if (process.platform === 'linux') await expect.poll(() => serversBelow(root)).toEqual([])
    await expect.poll(() => contentOf(root)).toEqual([])
  })

  test('in a worker thread: what it owns goes with it, the process stays', async () => {
    const root = temporaryDirectory()
    const owner = runScript(
      root,
      `
      import { Worker } from 'node:worker_threads'
      const worker = new Worker(\`
        const { parentPort, workerData } = require('node:worker_threads')
        import(workerData.built).then(async ({ TarantoolInstance }) => {
          const idle = await new TarantoolInstance({ root: workerData.root }).start()
          const busy = new TarantoolInstance({ root: workerData.root, appLua: 'while true do end' })
          await busy.start({ wait: false })
          parentPort.postMessage('ready')
        })\`, { eval: true, execArgv: [], workerData: { built: '${built}', root } })
      worker.on('message', async () => {
        await worker.terminate()
        say('terminated')
      })
      process.stdin.resume()`,
    )
    if (!owner.stdout) throw new Error('no stdout')
    await once(owner.stdout, 'data')
    if (process.platform === 'linux') await expect.poll(() => serversBelow(root)).toEqual([])
    await expect.poll(() => contentOf(root)).toEqual([])
    expect(owner.exitCode).toBeNull()
  })

  test('two owners share a root and do not touch what the other has', async () => {
    const root = temporaryDirectory()
    const script = `
      for (let round = 0; round < 5; round++) {
        const instances = [1, 2].map(() => new TarantoolInstance({ root, timeout: 30_000 }))
        await Promise.all(instances.map(instance => instance.start()))
        for (const instance of instances) await instance.eval('return 1')
        await Promise.all(instances.map(instance => instance.stop()))
      }
      say('done')`
    const outcomes = await Promise.all([outcomeOf(runScript(root, script)), outcomeOf(runScript(root, script))])
    const done = { code: 0, stdout: 'done\n', stderr: '' }
    expect(outcomes).toEqual([done, done])
    expect(contentOf(root)).toEqual([])
  })
})
