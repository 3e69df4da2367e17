import { ReplicationError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'

/**
 * Starts a member of a replica set that runs. The start waits for all others, and one that ends meanwhile would hold it up
 * until its timeout. So the new process ends then, too.
 *
 * @throws ReplicationError if one of the others has ended; the errors of the start
 */
export async function startBeside(
  others: readonly TarantoolInstance[],
  newcomer: TarantoolInstance,
  start: () => Promise<unknown>,
): Promise<void> {
  let isOver = false
  let ended: TarantoolInstance | undefined
  for (const other of others) {
    void other.process?.exited.then(() => {
      if (isOver) return
      ended ??= other
      void newcomer.kill({ cleanup: false })
    })
  }
  try {
    await start()
  } catch (error) {
    if (!ended) throw error
    throw new ReplicationError(`${ended.fingerprint} has ended while ${newcomer.fingerprint} started`, { cause: error })
  } finally {
    isOver = true
  }
}
