import type { Version } from '../../version/version.ts'

// The order of a character in a part without digits: `~` comes before the end, letters come before all other
// characters.
function rank(character: string | undefined): number {
  if (character === undefined) return 0
  if (character === '~') return -1
  return /[a-z]/i.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256
}

function compareText(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = rank(a[index]) - rank(b[index])
    if (difference !== 0) return difference
  }
  return 0
}

function compareParts(a: string, b: string): number {
  const parts = (text: string): string[] => text.split(/(\d+)/)
  const [left, right] = [parts(a), parts(b)]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [x = '', y = ''] = [left[index], right[index]]
    const difference = index % 2 === 0 ? compareText(x, y) : Number(x) - Number(y)
    if (difference !== 0) return difference
  }
  return 0
}

function split(version: string): [epoch: string, upstream: string, revision: string] {
  const [, epoch = '0', upstream = '', revision = '0'] = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/.exec(version) ?? []
  return [epoch, upstream, revision]
}

/** Orders the versions of two packages as dpkg does (deb-version(7)). */
export function comparePackageVersions(a: string, b: string): number {
  const [left, right] = [split(a), split(b)]
  const differences = left.map((part, index) => compareParts(part, right[index] ?? ''))
  return differences.find(difference => difference !== 0) ?? 0
}

/**
 * The version of Tarantool in the version of its package: `2.11.2.g1bac2d257b-1` is 2.11.2. Undefined for a package
 * that is no release, such as `3.4.0~rc1-1`.
 */
export function releaseVersion(version: string): Version | undefined {
  const [, upstream] = split(version)
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)(?![\d~])/.exec(upstream) ?? []
  if (major === undefined || /~|alpha|beta|rc\d|entrypoint/.test(upstream)) return undefined
  return { text: `${major}.${minor}.${patch}`, major: Number(major), minor: Number(minor), patch: Number(patch) }
}
