import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { packageDirectory } from '../../package-files.ts'

const script = join(packageDirectory, 'fixtures', 'reaper.sh')

let child: ChildProcess | undefined
const homes = new Set<string>()

// Each line is one order, so a path with a line break would be two orders.
const canBeTold = (line: string): boolean => !line.includes('\n')

// The reaper is the last safety net, after the server's own lifeline and the sweep at the next start. A system on which
// the reaper cannot run still works.
function tell(line: string): void {
  if (!canBeTold(line)) return
  try {
    child ??= makeReaper()
  } catch {
    return
  }
  child.stdin?.write(`${line}\n`)
}

function makeReaper(): ChildProcess {
  const made = spawn('/bin/sh', [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' })
  made.on('error', () => {})
  made.stdin?.on('error', () => {})
  made.unref()
  ;(made.stdin as Socket | null)?.unref()
  return made
}

/** Tells the reaper shell what it has to clean up if this process dies. */
export const reaper = {
  /** Announces a directory before it is made. The shell ends the processes that run in the directory, then removes it. */
  directory(path: string): void {
    tell(`dir ${path}`)
  },
  /**
   * Announces the user's own directory, before a directory is made in it. The shell removes the user's directory if it is
   * empty.
   */
  home(path: string): void {
    if (homes.has(path)) return
    homes.add(path)
    tell(`home ${path}`)
  },
  /** Announces the server that runs in a directory. */
  server(pid: number, path: string): void {
    tell(`pid ${pid} ${path}`)
  },
  /** Announces that the server has ended. Its pid may soon belong to another process. */
  ended(path: string): void {
    if (child) tell(`ended ${path}`)
  },
  /** Announces a container that the engine's client is about to make. */
  container(client: number, name: string, engine: string): void {
    tell(`container ${client} ${name} ${engine}`)
  },
  /** Announces that the client has ended, and the container with it. */
  containerEnded(name: string): void {
    if (child) tell(`contained ${name}`)
  },
  /** Announces that the directory and its server no longer exist, or that they are to stay. */
  gone(path: string): void {
    if (child) tell(`gone ${path}`)
  },
}

// A hanging file system must not block a start.
const sweepLimit = 10_000

/** Ends processes in directories that dead owners have left, and removes the directories. Returns when both are done. */
export function reapNow(directories: readonly string[]): void {
  const orders = directories.filter(canBeTold).map(path => `dir ${path}\n`)
  if (orders.length === 0) return
  spawnSync('/bin/sh', [script], {
    cwd: '/',
    input: orders.join(''),
    stdio: ['pipe', 'ignore', 'ignore'],
    timeout: sweepLimit,
  })
}
