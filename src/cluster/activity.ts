import type { TarantoolInstance } from '../instance/instance.ts'

/** The part of an instance that tells whether it takes part in its replica set. */
export type Activity = Pick<TarantoolInstance, 'isRunning' | 'isPaused'>

/** True if an instance runs, and is not frozen. */
export const isActive = ({ isRunning, isPaused }: Activity): boolean => isRunning && !isPaused

/** Says of members why they do not answer: `'a', 'b' do not run, and 'c' is paused`. Undefined if all do. */
export function inactivityText(members: ReadonlyMap<string, Activity>): string | undefined {
  const [stopped, paused]: [string[], string[]] = [[], []]
  for (const [name, { isRunning, isPaused }] of members) {
    if (!isRunning) stopped.push(`'${name}'`)
    else if (isPaused) paused.push(`'${name}'`)
  }
  const parts = [
    ...(stopped.length > 0 ? [`${stopped.join(', ')} ${stopped.length === 1 ? 'does' : 'do'} not run`] : []),
    ...(paused.length > 0 ? [`${paused.join(', ')} ${paused.length === 1 ? 'is' : 'are'} paused`] : []),
  ]
  return parts.length === 0 ? undefined : parts.join(', and ')
}

/** The advice about members that do not answer, and about links with faults. Undefined if there are none. */
export function activityHint(members: ReadonlyMap<string, Activity>, faults: readonly string[]): string | undefined {
  const all = [...members.values()]
  const advice = [
    ...(all.some(({ isRunning }) => !isRunning) ? ['start() starts a member again.'] : []),
    ...(all.some(({ isPaused }) => isPaused) ? ['resume() lets a paused member run again.'] : []),
    ...(faults.length > 0 ? ['heal() ends faults of links.'] : []),
  ]
  return advice.length === 0 ? undefined : advice.join(' ')
}

const shownFaults = 6

/** Faults as the end of a message; empty if there are none. */
export function faultsText(faults: readonly string[]): string {
  if (faults.length === 0) return ''
  const rest = faults.length - shownFaults
  return `; ${faults.slice(0, shownFaults).join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`
}
