import type { ProcessExit } from './exit.ts'
import type { OwnedProcess } from './owned-process.ts'
import type { ServerControl } from './server-control.ts'

/** Signals a server whose process this process owns. */
export class LocalControl implements ServerControl {
  readonly #server: OwnedProcess

  constructor(server: OwnedProcess) {
    this.#server = server
  }

  get pid(): number | undefined {
    return this.#server.pid === 0 ? undefined : this.#server.pid
  }

  signal(signal: NodeJS.Signals): boolean {
    return this.#server.signal(signal)
  }

  terminate(): boolean {
    const sent = this.signal('SIGTERM')
    this.signal('SIGCONT')
    return sent
  }

  kill(): boolean {
    const sent = this.#server.signalGroup('SIGKILL')
    // This process may not be allowed to kill the server, for instance if the server runs as another user.
    this.#server.endLifeline()
    return sent
  }

  // Nothing else has the server's ports: the server frees them by itself.
  async unpublish(): Promise<void> {}

  async publish(): Promise<void> {}

  exitOf(exit: ProcessExit): ProcessExit {
    return exit
  }
}
