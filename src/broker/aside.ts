import type { TarantoolInstance } from '../instance/instance.ts'

/** A process of a pooled server, and the facts that the broker keeps about that process. */
export interface ServerProcess {
  readonly instance: TarantoolInstance
  readonly generation: number
  readonly beganEmpty: boolean
}

/**
 * A server process that gives up its address for a while but keeps running. Tests use other processes on that address
 * meanwhile. Afterwards this process takes the address back, so the changes of the file's hooks are still there.
 */
export class Aside {
  #process: ServerProcess | undefined

  get isThere(): boolean {
    return this.#process !== undefined
  }

  /** Takes the address from a process. The process closes its connections and keeps running. @throws if it cannot */
  async take(process: ServerProcess): Promise<void> {
    await process.instance.stepAside()
    this.#process = process
  }

  /**
   * Gives the address back to the process. Undefined if the process has ended meanwhile or cannot take the address: its
   * contents are lost.
   */
  async giveBack(): Promise<ServerProcess | undefined> {
    const process = this.#process
    this.#process = undefined
    if (!process) return undefined
    try {
      await process.instance.stepBack()
      return process
    } catch {
      await process.instance.kill()
      return undefined
    }
  }

  /** Ends the process that stands aside, if there is one. */
  async end(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    await process?.instance.stop()
  }
}
