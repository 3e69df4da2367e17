import type { ProcessExit } from './exit.ts'

/**
 * How a server is signalled and ended. The process that was spawned for a server is the server itself (`LocalControl`),
 * or the client of a container engine (`ContainerControl`).
 */
export interface ServerControl {
  /** The server's process id on this machine; undefined where it has none, or is not known to have one yet. */
  readonly pid: number | undefined
  /** Sends a signal to the server. Returns when the signal was sent; false when that failed. */
  signal(signal: NodeJS.Signals): boolean
  /** Asks the server to shut down, waking it up if it is paused. */
  terminate(): boolean
  /** Ends the server and the process that was spawned for it, whatever it takes. */
  kill(): boolean
  /** Frees the ports that another program has published for the server. The server keeps running. @throws when that failed */
  unpublish(): Promise<void>
  /** Publishes the server on the same ports again. @throws when that failed */
  publish(): Promise<void>
  /** How the server ended, judged by the exit of the process that was spawned for it. */
  exitOf(exit: ProcessExit): ProcessExit
}
