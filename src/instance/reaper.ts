import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { packageDirectory } from '../package-files.ts'

const script = join(packageDirectory, 'fixtures', 'reaper.sh')

let child: ChildProcess | undefined

// The reaper is a net below the others (the server's own lifeline, the sweep at the next start): a system on which it
// cannot run still works.
function tell(line: string): void {
  if (line.includes('\n')) return
  if (!child) {
    child = spawn('/bin/sh', [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' })
    child.on('error', () => {})
    child.stdin?.on('error', () => {})
    child.unref()
    ;(child.stdin as { unref?: () => void } | null)?.unref?.()
  }
  child.stdin?.write(`${line}\n`)
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
  /** The directory and its server are gone, or are to stay. */
  gone(path: string): void {
    if (child) tell(`gone ${path}`)
  },
}
