import type { Readable } from 'node:stream'
import type { ProcessExit } from './exit.ts'

/**
 * The process that was made for a server, as its owner sees the process. The owner spawned it (`SpawnedProcess`), or a
 * zygote forked it (`ForkedProcess`).
 */
export interface OwnedProcess {
  /** The process id; 0 if the process could not be made. */
  readonly pid: number
  /** Why the process could not be made; `pid` is then 0. */
  readonly spawnError: Error | undefined
  /** The offset in bytes at which this process's part of the log begins. */
  readonly logStart: number
  /** Resolves when the process has ended, without keeping Node alive for it. */
  readonly exited: Promise<ProcessExit>
  /** How the process ended; undefined while it runs. */
  readonly exit: ProcessExit | undefined
  readonly stdout: Readable
  /** Keeps Node alive for the process, until the returned function is called. */
  hold(): () => void
  /** Sends a signal to the process. Returns false if the process has ended. */
  signal(signal: NodeJS.Signals): boolean
  /** Sends a signal to the process and its whole group. Returns false if that failed. */
  signalGroup(signal: NodeJS.Signals): boolean
  /** Closes the process's stdin. A server at the other end exits by itself, now or later. */
  endLifeline(): void
}

/** Sends a signal to a process group; false when that failed. */
export function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  if (leader === 0) return false
  try {
    return process.kill(-leader, signal)
  } catch {
    return false
  }
}
