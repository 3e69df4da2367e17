import { NotRunningError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import type { Death } from '../isolation/server.ts'
import { refusesConnections } from '../protocol/refuses-connections.ts'

// Signals after which a server goes on. Tarantool makes a snapshot on SIGUSR1 and reopens its log on SIGHUP.
const harmless: ReadonlySet<string> = new Set(['SIGSTOP', 'SIGTSTP', 'SIGCONT', 'SIGUSR1', 'SIGHUP', 'SIGWINCH'])

// In milliseconds: how long an end may take to be heard of, and how long a server may take that shuts down in order (3 s,
// `box.ctl.set_on_shutdown_timeout`).
const seenWithin = 1000
const shutdownTime = 5000

/** What a process was sent, as far as it lasts. */
export class ServerSignals {
  #paused = false
  #doomed = false

  /** It is frozen. */
  get paused(): boolean {
    return this.#paused
  }

  /** A test sent it a signal of which it is likely to end, soon or late. */
  get doomed(): boolean {
    return this.#doomed
  }

  /** @throws NotRunningError */
  send({ process, fingerprint }: TarantoolInstance, signal: NodeJS.Signals): void {
    if (!process?.sendSignal(signal)) {
      throw new NotRunningError(`${fingerprint} does not run: no ${signal} can be sent`)
    }
    if (signal === 'SIGSTOP') this.#paused = true
    if (signal === 'SIGCONT') this.#paused = false
    if (!harmless.has(signal)) this.#doomed = true
  }

  /** Another process has its place. */
  forget(): void {
    this.#paused = false
    this.#doomed = false
  }
}

/** How a server ended that a worker has lost; null when it lives. */
export async function crashReport({
  process,
  address,
  fingerprint,
  logFile,
}: TarantoolInstance): Promise<Death | null> {
  // The worker sees the connection's end before this process is told of the server's, and a server that takes no
  // connections any more is going to end.
  const isEnding = await refusesConnections(address)
  const exit = await process?.exitWithin(isEnding ? shutdownTime : seenWithin)
  if (!exit) return null
  return { fingerprint, exitCode: exit.exitCode, signal: exit.signal, logFile }
}
