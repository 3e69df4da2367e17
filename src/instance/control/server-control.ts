import type { ProcessExit } from './exit.ts'

/**
 * The control that signals and ends a server. The process that was spawned for a server is the server itself
 * (`LocalControl`), or the client of a container engine (`ContainerControl`).
 */
export interface ServerControl {
  /** The server's process id on this machine; undefined if it has none, or if the id is not known yet. */
  readonly pid: number | undefined
  /** Sends a signal to the server. Returns true if the signal was sent. */
  signal(signal: NodeJS.Signals): boolean
  /** Asks the server to shut down. Resumes a paused server first. */
  terminate(): boolean
  /** Ends the server and the process that was spawned for it, by all means. */
  kill(): boolean
  /**
   * Frees the ports that another program has published for the server. The server keeps running. @throws if that fails
   */
  unpublish(): Promise<void>
  /** Publishes the server on the same ports again. @throws if that fails */
  publish(): Promise<void>
  /** How the server ended, according to the exit of the process that was spawned for it. */
  exitOf(exit: ProcessExit): ProcessExit
}
