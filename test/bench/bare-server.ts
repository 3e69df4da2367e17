import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { locateBinary } from '../../src/binary/locate.ts'
import { freePort } from '../../src/instance/place/port.ts'

export interface BareServer {
  readonly child: ChildProcess
  readonly directory: string
  /** Milliseconds from the spawn to the marker. */
  readonly took: number
}

/** The same server by hand: the same box.cfg, a log file, and a marker on stdout. Its files are there before the clock. */
export async function startBare(): Promise<BareServer> {
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

/** Ends a bare server. Returns the time in milliseconds. */
export async function stopBare({ child, directory }: BareServer): Promise<number> {
  const began = performance.now()
  child.kill('SIGTERM')
  await once(child, 'exit')
  rmSync(directory, { recursive: true })
  return performance.now() - began
}
