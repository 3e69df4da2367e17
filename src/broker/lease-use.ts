import type { TarantoolInstance } from '../instance/instance.ts'

const question = "package.loaded['tarantool-fixture'].isolation('dirty')"

// In milliseconds. A server that does not answer within this time is replaced.
const timeout = 5000

/**
 * Knows whether a lease has used its server. If a test file never uses its server, the next file gets that server
 * without a new start.
 */
export class LeaseUse {
  #byHandle = false

  /** A test or a hook of the lease has used the server through a handle. */
  get isByHandle(): boolean {
    return this.#byHandle
  }

  /** Notes that a test or a hook of the lease uses the server through a handle. */
  noteHandle(): void {
    this.#byHandle = true
  }

  /** True if a client may have changed something in the server during the lease. */
  async mayHaveChanged(instance: TarantoolInstance): Promise<boolean> {
    if (this.#byHandle) return true
    try {
      const [answer] = await instance.command(question, { timeout })
      return answer !== 'clean'
    } catch {
      return true
    }
  }
}
