import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { locateBinary } from '../../src/binary/locate.ts'
import { TarantoolInstance } from '../../src/index.ts'
import { freePort } from '../../src/instance/place/port.ts'
import { compare, report } from './pairs.ts'

interface BareServer {
  readonly child: ChildProcess
  readonly directory: string
  /** Milliseconds from the spawn to the marker. */
  readonly took: number
}

/** The same server by hand: the same box.cfg, a log file, and a marker on stdout. Its files are there before the clock. */
async function startBare(): Promise<BareServer> {
  const binary = await locateBinary()
  const directory = mkdtempSync(join(tmpdir(), 'bench-'))
  const script = join(directory, 'init.lua')
  writeFileSync(
    script,
    `box.cfg{ listen = '127.0.0.1:${await freePort()}', custom_proc_title = 'bare', memtx_memory = 107374182,
      wal_mode = 'none', log_level = 5, work_dir = '${directory}', feedback_enabled = false, log = '${directory}/log' }
    box.schema.user.grant('guest', 'super', nil, nil, { if_not_exists = true })
    io.stdout:write('ready\\n') io.stdout:flush()`,
  )
  const began = performance.now()
  const child = spawn(binary.path, [script], {
    cwd: directory,
    env: { ...process.env, ...binary.env },
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  })
  await once(child.stdout, 'data')
  return { child, directory, took: performance.now() - began }
}

async function stopBare({ child, directory }: BareServer): Promise<number> {
  const began = performance.now()
  child.kill('SIGTERM')
  await once(child, 'exit')
  rmSync(directory, { recursive: true })
  return performance.now() - began
}

/** Start to ready, and stop to gone, beside the same by hand. */
export async function benchStartAndStop(pairs: number): Promise<void> {
  const stops: { ours: number[]; bare: number[] } = { ours: [], bare: [] }
  const start = await compare(
    pairs,
    async () => {
      const instance = new TarantoolInstance()
      const began = performance.now()
      await instance.start()
      const took = performance.now() - began
      const stopped = performance.now()
      await instance.stop()
      stops.ours.push(performance.now() - stopped)
      return took
    },
    async () => {
      const server = await startBare()
      stops.bare.push(await stopBare(server))
      return server.took
    },
  )
  report('start to ready / bare spawn to marker', start, 1.1)
  const stop = await compare(
    stops.ours.length - 1,
    async () => stops.ours.shift() ?? Number.NaN,
    async () => stops.bare.shift() ?? Number.NaN,
  )
  report('stop / bare SIGTERM, exit and rm -r', stop, 1.3)
}
