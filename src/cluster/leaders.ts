import { setTimeout as delay } from 'node:timers/promises'
import type { TarantoolInstance } from '../instance/instance.ts'

// Pause between two looks, in milliseconds.
const pause = 20

interface Role {
  readonly isWritable: boolean
  readonly mayBecomeWritable: boolean
}

const question = "box.info.ro, box.cfg.read_only, box.cfg.election_mode or 'off'"

async function roleOf(instance: TarantoolInstance): Promise<Role> {
  const [isReadOnly, isReadOnlyByConfig, electionMode] = await instance.command(`return ${question}`)
  return { isWritable: isReadOnly === false, mayBecomeWritable: !isReadOnlyByConfig || electionMode !== 'off' }
}

/**
 * Finds the writable instance of a replica set. Waits for an election that is under way.
 *
 * @param timeout in milliseconds
 * @returns undefined if no instance is writable, and none can become writable by itself or has done so in time
 */
export async function findLeader(
  instances: readonly TarantoolInstance[],
  timeout: number,
): Promise<TarantoolInstance | undefined> {
  for (const giveUpAt = performance.now() + timeout; ; await delay(pause)) {
    const running = instances.filter(({ isRunning }) => isRunning)
    const roles = await Promise.all(running.map(roleOf))
    const leader = running.find((_, index) => roles[index]?.isWritable)
    if (leader || !roles.some(({ mayBecomeWritable }) => mayBecomeWritable) || performance.now() > giveUpAt) {
      return leader
    }
  }
}
