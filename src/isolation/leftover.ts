import { type ErrorDetails, LeftoverError } from '../errors.ts'
import { nextHasAnother } from './failures.ts'
import { describeLateChange } from './late-changes.ts'
import type { RequestsUnderWay } from './server.ts'

const shownAtMost = 5

const triggersOff =
  "The undo does not see rows that change while their space's triggers are off (space:run_triggers(false)). Use isolation: 'restart' for a test that needs this."

/**
 * The error of a test whose undo has left a difference.
 *
 * @param difference the parts that differ: `"space 'users'"`
 * @param requests the requests that were running during the undo
 */
export function leftoverError(
  difference: string,
  requests: RequestsUnderWay | undefined,
  details: ErrorDetails & { instance: string },
): LeftoverError {
  const { instance } = details
  const underWay = requests && describeRequests(requests)
  const were = requests && requests.at_end + requests.since > 1 ? 'were' : 'was'
  if (requests?.changed.length) {
    const changed = list(requests.changed.map(describeLateChange))
    return new LeftoverError(
      `${instance}: ${underWay || 'something'} went on when this test had ended, and changed ${changed} after the undo (strict): ${difference} is different`,
      {
        ...details,
        hint: `An await is missing in the test, or work that it started still runs. Wait for that work before the test ends. ${nextHasAnother}`,
      },
    )
  }
  const hint = underWay
    ? `When the test had ended, there also ${were} ${underWay}. If the test started that, an await is missing. ${triggersOff}`
    : triggersOff
  return new LeftoverError(`${instance}: this test changed ${difference} in a way that its undo did not see (strict)`, {
    ...details,
    hint: `${hint} ${nextHasAnother}`,
  })
}

/** `3 requests (2 still under way: call at app.lua:5)`; an empty text if nothing was running. */
function describeRequests({ at_end, since, now, kinds, fibers }: RequestsUnderWay): string {
  const count = at_end + since
  if (count === 0) return fibers.length === 0 ? '' : `what it had started (${list(fibers)})`
  const requests = `${count} request${count === 1 ? '' : 's'}`
  const still = now > 0 ? `${now} still under way` : ''
  const running = [still, list(fibers)].filter(Boolean).join(': ')
  const inside = [...kinds, ...(running ? [running] : [])].join(', ')
  return inside ? `${requests} (${inside})` : requests
}

function list(items: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  const named = [...counts].map(([item, count]) => (count > 1 ? `${item} (${count} times)` : item))
  const more = named.length > shownAtMost ? [`${named.length - shownAtMost} more`] : []
  return [...named.slice(0, shownAtMost), ...more].join(', ')
}
