/** The limits of a part of the cache. */
export interface Bounds {
  readonly count: number
  readonly bytes: number
}

/**
 * The entries that exceed the bounds: the oldest unused entries.
 *
 * @param entries the most recently used first
 * @param isKept returns true for an entry that must stay. The entry counts towards the bounds.
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
