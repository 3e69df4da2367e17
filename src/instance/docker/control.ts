import { readFileSync } from 'node:fs'
import { exitWithin, type ProcessExit } from '../control/exit.ts'
import type { ServerControl } from '../control/server-control.ts'
import { signalOfNumber } from '../control/signal-names.ts'
import type { SpawnedProcess } from '../control/spawned.ts'
import { reaper } from '../owner/reaper.ts'
import { askEngine, askEngineNow, type Container } from './engine.ts'
import { hostPid } from './host-pid.ts'
import { joinNetworks, type LeftNetworks, leaveNetworks } from './networks.ts'

// The times to wait for the client of a container before the next try, in milliseconds. A client whose container was
// killed only has to hear of it, which takes long on a busy machine.
const patience = [500, 1000, 2000]
const patienceAfterKill = 5000

/** Signals the server in a container. The spawned process is only the engine's client. */
export class ContainerControl implements ServerControl {
  readonly #container: Container
  readonly #client: SpawnedProcess
  #pid: number | undefined
  #isPaused = false
  #ending: Promise<void> | undefined
  #left: LeftNetworks | undefined

  constructor(client: SpawnedProcess, container: Container) {
    this.#client = client
    this.#container = container
    if (client.pid === 0) return
    reaper.container(client.pid, container.name, container.engine)
    void client.exited.then(() => reaper.containerEnded(container.name))
  }

  get pid(): number | undefined {
    this.#pid ??= hostPid(this.#id())
    return this.#pid
  }

  signal(signal: NodeJS.Signals): boolean {
    const sent = askEngineNow(this.#container.engine, this.#killWith(signal))
    if (sent && signal === 'SIGSTOP') this.#isPaused = true
    if (sent && signal === 'SIGCONT') this.#isPaused = false
    return sent
  }

  terminate(): boolean {
    void this.#terminate()
    return true
  }

  kill(): boolean {
    this.#ending ??= this.#end()
    return true
  }

  async unpublish(): Promise<void> {
    this.#left = await leaveNetworks(this.#container)
  }

  async publish(): Promise<void> {
    const left = this.#left
    this.#left = undefined
    if (left) await joinNetworks(this.#container, left, () => this.#client.exit !== undefined)
  }

  exitOf(exit: ProcessExit): ProcessExit {
    const { exitCode = 0 } = exit
    // The code follows the convention of shells for a signal. A server that exits with such a code itself looks the
    // same.
    const signal = signalOfNumber(exitCode - 128)
    return signal === undefined ? exit : { exitCode: undefined, signal }
  }

  #id(): string {
    try {
      return readFileSync(this.#container.idFile, 'utf8').trim()
    } catch {
      return ''
    }
  }

  #killWith(signal: string): string[] {
    return ['kill', '--signal', signal, this.#container.name]
  }

  async #ask(args: readonly string[]): Promise<boolean> {
    // The server has ended meanwhile, or the engine has. In the second case, the grace period ends the client.
    const answer = await askEngine(this.#container.engine, args).catch(() => undefined)
    return answer?.exitCode === 0
  }

  async #terminate(): Promise<void> {
    await this.#ask(this.#killWith('SIGTERM'))
    if (this.#isPaused) await this.#ask(this.#killWith('SIGCONT'))
  }

  // The client may still be about to create the container that is to be killed. The server in it finds its lifeline
  // closed, and exits by itself.
  async #end(): Promise<void> {
    const { name } = this.#container
    for (const time of patience) {
      const isKilled = await this.#ask(this.#killWith('SIGKILL'))
      if (!isKilled) this.#client.endLifeline()
      if (await exitWithin(this.#client.exited, isKilled ? patienceAfterKill : time)) return
      this.#client.endLifeline()
      await this.#ask(['rm', '--force', name])
      if (await exitWithin(this.#client.exited, time)) return
    }
    this.#client.signalGroup('SIGKILL')
    await this.#ask(['rm', '--force', name])
  }
}
