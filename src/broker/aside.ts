import type { TarantoolInstance } from '../instance/instance.ts'

/** A process of a pooled server, with what is known of it. */
export interface ServerProcess {
  readonly instance: TarantoolInstance
  readonly generation: number
  readonly beganEmpty: boolean
}

// In milliseconds: one that does not answer by then has lost what it held.
const timeout = 5000

const tell = async ({ instance }: ServerProcess, what: 'step_aside' | 'step_back'): Promise<void> => {
  await instance.command(`require('tarantool-fixture').${what}()`, { timeout })
}

/**
 * The process that stands aside, with all that it holds, while tests have others on its address: what the hooks of its file
 * have done is there again after them.
 */
export class Aside {
  #process: ServerProcess | undefined

  get isThere(): boolean {
    return this.#process !== undefined
  }

  /** Takes the address from a process: its connections end, and it lives. */
  async take(process: ServerProcess): Promise<void> {
    await tell(process, 'step_aside')
    this.#process = process
  }

  /** Gives it back. Undefined where the process has ended meanwhile: what it held is lost. */
  async giveBack(): Promise<ServerProcess | undefined> {
    const process = this.#process
    this.#process = undefined
    if (!process) return undefined
    try {
      await tell(process, 'step_back')
      return process
    } catch {
      await process.instance.kill()
      return undefined
    }
  }

  /** Ends the process, if there is one. */
  async end(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    await process?.instance.stop()
  }
}
