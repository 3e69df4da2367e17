import { constants } from 'node:os'
import { InvalidOptionError, NotRunningError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import type { Death } from '../isolation/server.ts'
import { refusesConnections } from '../protocol/refuses-connections.ts'

// Tarantool makes a snapshot on SIGUSR1 and reopens its log on SIGHUP.
const harmless: ReadonlySet<string> = new Set(['SIGSTOP', 'SIGTSTP', 'SIGCONT', 'SIGUSR1', 'SIGHUP', 'SIGWINCH'])

/** True if a server goes on after the signal. */
export const isHarmless = (signal: NodeJS.Signals): boolean => harmless.has(signal)

// In milliseconds: the time until an end is noticed, and the time that an orderly shutdown may take (3 s,
// `box.ctl.set_on_shutdown_timeout`).
const seenWithin = 1000
const shutdownTime = 5000

/** The signals that a process got, while they have an effect. */
export class ServerSignals {
  #paused = false
  #doomed = false

  /** The process is frozen. */
  get paused(): boolean {
    return this.#paused
  }

  /** A test sent the process a signal that is likely to end it, soon or late. */
  get doomed(): boolean {
    return this.#doomed
  }

  /** @throws NotRunningError; InvalidOptionError for a signal that the system does not know */
  send({ process, fingerprint }: TarantoolInstance, signal: NodeJS.Signals): void {
    if (!Object.hasOwn(constants.signals, signal)) {
      throw new InvalidOptionError(`kill(signal): the system knows no signal '${signal}'`, {
        hint: "Such as kill('SIGTERM'). The default is SIGKILL.",
      })
    }
    if (!process?.sendSignal(signal)) {
      throw new NotRunningError(`${fingerprint} does not run: no ${signal} can be sent`)
    }
    if (signal === 'SIGSTOP') this.#paused = true
    if (signal === 'SIGCONT') this.#paused = false
    if (!isHarmless(signal)) this.#doomed = true
  }

  /** Called when another process has replaced the process. */
  forget(): void {
    this.#paused = false
    this.#doomed = false
  }
}

/** How a server ended that a worker has lost; null if the server lives. */
export async function crashReport({
  process,
  address,
  fingerprint,
  logFile,
}: TarantoolInstance): Promise<Death | null> {
  // The worker may see the connection's end before this process learns of the server's end. A server that accepts no
  // connections is going to end.
  const isEnding = await refusesConnections(address)
  const exit = await process?.exitWithin(isEnding ? shutdownTime : seenWithin)
  if (!exit) return null
  return { fingerprint, exitCode: exit.exitCode, signal: exit.signal, logFile }
}
