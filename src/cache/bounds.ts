/** How much a part of the cache may hold. */
export interface Bounds {
  readonly count: number
  readonly bytes: number
}

/**
 * The entries that are beyond the bounds, so that the oldest unused ones go.
 *
 * @param entries the most recently used first
 * @param isKept whether an entry stays, whatever the bounds; it counts all the same
 */
export function beyondBounds<T extends { readonly bytes: number }>(
  entries: readonly T[],
  bounds: Bounds,
  isKept: (entry: T) => boolean = () => false,
): T[] {
  let bytes = 0
  return entries.filter((entry, index) => {
    bytes += entry.bytes
    return (index >= bounds.count || bytes > bounds.bytes) && !isKept(entry)
  })
}
