import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { packageDirectory } from '../package-files.ts'

const script = join(packageDirectory, 'fixtures', 'reaper.sh')

let child: ChildProcess | undefined

// The reaper is a net below the others (the server's own lifeline, the sweep at the next start): a system on which it
// cannot run still works.
function tell(line: string): void {
  if (line.includes('\n')) return
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
  /** A directory that is about to be made. */
  directory(path: string): void {
    tell(`dir ${path}`)
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
