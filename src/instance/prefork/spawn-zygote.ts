import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { logFileName } from '../../log/log-file.ts'
import { fixturesDirectory } from '../../package-files.ts'
import { compileLine } from './order.ts'

const script = join(fixturesDirectory, 'prefork', 'boot.lua')

/** Spawns the process of a zygote, and lets it compile the fixture's Lua. */
export function spawnZygote(command: string, env: Readonly<Record<string, string>>, directory: string): ChildProcess {
  const log = openSync(join(directory, logFileName), 'a', 0o600)
  try {
    const args = [script, String(process.pid)]
    // A session of its own keeps a terminal's Ctrl-C away.
    const made = spawn(command, args, { cwd: directory, env, stdio: ['pipe', 'pipe', log], detached: true })
    made.stdin?.on('error', () => {})
    made.stdin?.write(compileLine())
    return made
  } finally {
    closeSync(log)
  }
}
