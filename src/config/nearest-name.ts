function distance(from: string, to: string): number {
  let row = [...Array(to.length + 1).keys()]
  for (const letter of from) {
    const [first = 0, ...rest] = row
    let left = first + 1
    const next = rest.map((above, column) => {
      left = Math.min((row[column] ?? 0) + (letter === to[column] ? 0 : 1), above + 1, left + 1)
      return left
    })
    row = [first + 1, ...next]
  }
  return row[to.length] ?? 0
}

const plain = (name: string): string => name.replaceAll(/[_-]/g, '').toLowerCase()

/**
 * The name among `known` that a given one most likely means; undefined if none is near. Case and `_` do not count.
 *
 * @param options `onlyOne`: undefined if several are equally near, as in a list of numbered names. Default false
 */
export function nearestName(
  given: string,
  known: Iterable<string>,
  { onlyOne = false }: { onlyOne?: boolean } = {},
): string | undefined {
  // The caller reports values of other types, too.
  const name = String(given)
  const [best, next] = [...known]
    .map(candidate => ({ candidate, far: distance(plain(name), plain(candidate)) }))
    // A name that has nothing in common is no guess.
    .filter(
      ({ candidate, far }) => far <= Math.max(2, name.length / 3) && far < Math.max(name.length, candidate.length),
    )
    .sort((one, other) => one.far - other.far)
  return onlyOne && best?.far === next?.far ? undefined : best?.candidate
}
