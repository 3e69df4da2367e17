import type { TarantoolInstance } from '../instance/instance.ts'

const question = "package.loaded['tarantool-fixture'].isolation('touched', 0)"

// In milliseconds: one that does not answer by then is replaced.
const timeout = 5000

/** Whether a lease has used its server: a file that has nothing to do with it costs no start. */
export class ServerUse {
  #byHandle = false

  /** Tests of the lease use it by their handle. */
  noteHandle(): void {
    this.#byHandle = true
  }

  /** Whether anybody may have left something in it. */
  async isTouched(instance: TarantoolInstance): Promise<boolean> {
    if (this.#byHandle) return true
    try {
      const [answer] = await instance.command(question, { timeout })
      return answer !== 'touched:0'
    } catch {
      return true
    }
  }
}
