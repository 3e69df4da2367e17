import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TarantoolDockerInstance } from '../../src/index.ts'
import { freePort } from '../../src/instance/place/port.ts'
import { docker, needsEngine, noEngine } from '../support/engine.ts'
import { compare } from './pairs.ts'
import { report } from './report.ts'

interface BareContainer {
  readonly child: ChildProcess
  readonly directory: string
  /** Milliseconds from the spawn to the marker. */
  readonly took: number
}

/** The same container by hand: the same image, port, mounted directory and box.cfg, and a marker on stdout. */
async function runBare(): Promise<BareContainer> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'))
  const script = join(directory, 'init.lua')
  const port = await freePort()
  writeFileSync(
    script,
    `box.cfg{ listen = '0.0.0.0:${port}', custom_proc_title = 'bare', memtx_memory = 107374182,
      wal_mode = 'none', log_level = 5, work_dir = '${directory}', feedback_enabled = false }
    box.schema.user.grant('guest', 'super', nil, nil, { if_not_exists = true })
    io.stdout:write('ready\\n') io.stdout:flush()`,
  )
  const image = `${docker.image}:${docker.tag}`
  const mount = `${directory}:${directory}`
  const publish = `127.0.0.1:${port}:${port}`
  const args = [
    'run',
    '-i',
    '--rm',
    '-v',
    mount,
    '-w',
    directory,
    '-p',
    publish,
    '--entrypoint',
    'tarantool',
    image,
    script,
  ]
  const began = performance.now()
  const child = spawn('docker', args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
  for await (const chunk of child.stdout) if (String(chunk).includes('ready')) break
  return { child, directory, took: performance.now() - began }
}

/** Start to ready in a container, beside `docker run`. */
export async function benchDocker(pairs: number): Promise<void> {
  if (noEngine) {
    console.log(`start in a container: skipped (${needsEngine})`)
    return
  }
  const start = await compare(
    pairs,
    async () => {
      const instance = new TarantoolDockerInstance({ docker })
      const began = performance.now()
      await instance.start()
      const took = performance.now() - began
      await instance.stop()
      return took
    },
    async () => {
      const { child, directory, took } = await runBare()
      // It proxies the signal into the container.
      child.kill('SIGTERM')
      await once(child, 'exit')
      rmSync(directory, { recursive: true })
      return took
    },
  )
  report(`start in a container of ${docker.tag}, compared to a bare \`docker run\` of the same image`, start, 1.1)
}
