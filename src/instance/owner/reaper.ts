import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { packageDirectory } from '../../package-files.ts'

const script = join(packageDirectory, 'fixtures', 'reaper.sh')

let child: ChildProcess | undefined
const homes = new Set<string>()

// A line is one order: a path with a line break would be two.
const canBeTold = (line: string): boolean => !line.includes('\n')

// The reaper is a net below the others (the server's own lifeline, the sweep at the next start): a system on which it
// cannot run still works.
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

/** Tells the shell that clears up after this process, should it die, what there is to clear up. */
export const reaper = {
  /** A directory that is about to be made. The shell ends whatever runs in it before it removes it. */
  directory(path: string): void {
    tell(`dir ${path}`)
  },
  /** The user's own directory, which a directory is about to be made in: it goes when it is empty. */
  home(path: string): void {
    if (homes.has(path)) return
    homes.add(path)
    tell(`home ${path}`)
  },
  /** The server that runs in a directory. */
  server(pid: number, path: string): void {
    tell(`pid ${pid} ${path}`)
  },
  /** That server has ended: its pid may soon be another process's. */
  ended(path: string): void {
    if (child) tell(`ended ${path}`)
  },
  /** A container that the engine's client is about to make. */
  container(client: number, name: string, engine: string): void {
    tell(`container ${client} ${name} ${engine}`)
  },
  /** That client has ended, and the container with it. */
  containerEnded(name: string): void {
    if (child) tell(`contained ${name}`)
  },
  /** The directory and its server are gone, or are to stay. */
  gone(path: string): void {
    if (child) tell(`gone ${path}`)
  },
}

// A file system that hangs must not hang a start.
const sweepLimit = 10_000

/** Ends what runs in directories that dead owners have left, and removes them. Returns when that is done. */
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
