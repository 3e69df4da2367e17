import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import type { ClusterOptions, InstanceOptions } from '../../src/index.ts'

// The built package, and a script that needs no compiler: more than a hundred of these processes are started.
const built = new URL('../../dist/index.js', import.meta.url).href
const script = `
  import { writeSync } from 'node:fs'
  import { TarantoolCluster, TarantoolInstance } from '${built}'
  const options = { timeout: 60_000, ...JSON.parse(process.argv[1]) }
  const instance = options.app ? new TarantoolCluster(options) : new TarantoolInstance(options)
  writeSync(1, 'begin\\n')
  await instance.start()
  writeSync(1, 'ready\\n')
  setInterval(() => {}, 1000)`

/** A process that owns an instance or a cluster, and may be killed: it says `begin`, and `ready` when the server is. */
export class Owner {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(options: InstanceOptions | ClusterOptions, env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, ['--input-type=module', '--eval', script, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    })
    onTestFinished(() => void this.#child.kill('SIGKILL'))
    const { stdout } = this.#child
    if (!stdout) throw new Error('no stdout')
    this.#lines = createInterface(stdout)[Symbol.asyncIterator]()
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async line(): Promise<string> {
    return (await this.#lines.next()).value as string
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exited
  }
}
