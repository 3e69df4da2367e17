import { setTimeout as delay } from 'node:timers/promises'
import { RequestTimeoutError } from '../errors.ts'
import type { TarantoolInstance } from '../instance/instance.ts'

// Pause between two looks, in milliseconds.
const pause = 20

interface Role {
  readonly isWritable: boolean
  readonly mayBecomeWritable: boolean
}

const question = "box.info.ro, box.cfg.read_only, box.cfg.election_mode or 'off'"

async function roleOf(instance: TarantoolInstance): Promise<Role> {
  const [isReadOnly, isReadOnlyByConfig, electionMode] = await instance
    .command(`return ${question}`, { timeout: 5000 })
    .catch((error: unknown) => {
      // A test may have ended or paused the instance just now.
      if (instance.isRunning && !(error instanceof RequestTimeoutError)) throw error
      return [true, true, 'off']
    })
  return { isWritable: isReadOnly === false, mayBecomeWritable: !isReadOnlyByConfig || electionMode !== 'off' }
}

/**
 * Finds the writable instance of a replica set. Waits for an election that is under way.
 *
 * @param timeout in milliseconds
 * @param options `not`: an instance that does not count; `waits`: looks until the timeout, also if nobody can become
 *   writable by itself
 * @returns undefined if no instance is writable, and none can become writable by itself or has done so in time
 */
export async function findLeader(
  instances: readonly TarantoolInstance[],
  timeout: number,
  { not, waits = false }: { not?: TarantoolInstance | undefined; waits?: boolean } = {},
): Promise<TarantoolInstance | undefined> {
  for (const giveUpAt = performance.now() + timeout; ; await delay(pause)) {
    const running = instances.filter(instance => instance.isRunning && instance !== not)
    const roles = await Promise.all(running.map(roleOf))
    const leader = running.find((_, index) => roles[index]?.isWritable)
    const mayCome = waits || roles.some(({ mayBecomeWritable }) => mayBecomeWritable)
    if (leader || !mayCome || performance.now() > giveUpAt) return leader
  }
}
