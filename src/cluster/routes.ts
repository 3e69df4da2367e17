import { linkSocket, type MemberPlace } from './placed-config.ts'
import type { Route } from './plan.ts'

/**
 * The links of a cluster: one from each instance to each other.
 *
 * @param target the socket on which an instance is reached
 */
export function routesBetween<Place extends MemberPlace<{ readonly name: string }>>(
  places: readonly Place[],
  target: (place: Place) => string,
): Route[] {
  const routeOf = (from: Place, to: Place): Route => ({
    from: from.description.name,
    to: to.description.name,
    // Only you can reach the sockets of a cluster.
    ends: { listen: { path: linkSocket(from, to) }, target: { path: target(to) } },
  })
  return places.flatMap(from => places.filter(to => to !== from).map(to => routeOf(from, to)))
}
