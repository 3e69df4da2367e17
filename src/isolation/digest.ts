const changedAtMost = 5

/** The digest of each part of the data, by the part's name. See fixtures/agent/isolation/description.lua. */
function partsOf(digest: string): Map<string, string> {
  return new Map(
    digest.split('\n').map(line => {
      const space = line.indexOf(' ')
      return [line.slice(space + 1), line.slice(0, space)]
    }),
  )
}

/** Names the differences between two digests: "space 'users', box.cfg.read_only". */
export function describeDifference(before: string, after: string): string {
  const one = partsOf(before)
  const other = partsOf(after)
  const names = [...new Set([...one.keys(), ...other.keys()])].filter(name => one.get(name) !== other.get(name)).sort()
  const named = names.slice(0, changedAtMost).join(', ')
  return names.length > changedAtMost ? `${named} and ${names.length - changedAtMost} more` : named
}
