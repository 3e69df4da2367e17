import { InvalidOptionError } from '../errors.ts'
import { compareVersions, oldestVersion, type Version } from './version.ts'

/** The setting that asks for a version. */
export type VersionSetting = 'version' | 'TARANTOOL_FIXTURE_VERSION'

/** The versions of Tarantool that a project accepts: all of a series, all patches of a minor version, or one. */
export interface WantedVersion {
  /** The user's text: `3`, `2.11`, `3.8.0`, `latest`. */
  readonly text: string
  /** The setting that asks for the version. Undefined if no setting does: then the newest series is taken. */
  readonly setting?: VersionSetting | undefined
  readonly major: number
  readonly minor?: number | undefined
  readonly patch?: number | undefined
  /** True if only the newest release fits. An older program on PATH does not count. */
  readonly newest?: true
}

/** The newest series of Tarantool. */
const newestSeries = 3

/**
 * The version that is wanted by default: the newest release of the newest series. A machine's own Tarantool counts
 * first.
 */
export const defaultVersion: WantedVersion = { text: String(newestSeries), major: newestSeries }

const allowed = `Use a series ('3'), a minor version ('3.5'), a release ('3.8.0') or 'latest'.`

/**
 * Reads a version that a user asks for.
 *
 * @param setting the option or variable that has the text, for the error
 * @throws InvalidOptionError if it is malformed, or older than 1.10
 * @example readWantedVersion('2.11', 'version') // any patch release of 2.11
 */
export function readWantedVersion(text: string, setting: VersionSetting): WantedVersion {
  if (text === 'latest') return { text, setting, major: newestSeries, newest: true }
  const [, major, minor, patch] = /^(0|[1-9]\d{0,3})(?:\.(0|[1-9]\d{0,3}))?(?:\.(0|[1-9]\d{0,3}))?$/.exec(text) ?? []
  if (major === undefined) {
    const numbers = /\d+(\.\d+){0,2}/.exec(text.replaceAll(',', '.'))?.[0]
    throw new InvalidOptionError(`${setting} is ${JSON.stringify(text)}, which is not a version of Tarantool`, {
      hint: numbers === undefined ? allowed : `Did you mean '${numbers}'? ${allowed}`,
    })
  }
  const wanted = { text, setting, major: Number(major), minor: numberOf(minor), patch: numberOf(patch) }
  const { major: oldestMajor, minor: oldestMinor } = oldestVersion
  if (wanted.major < oldestMajor || (wanted.major === oldestMajor && (wanted.minor ?? oldestMinor) < oldestMinor)) {
    throw new InvalidOptionError(`${setting} is '${text}', but Tarantool ${oldestVersion.text} or later is needed`, {
      hint: allowed,
    })
  }
  return wanted
}

const numberOf = (digits: string | undefined): number | undefined => (digits === undefined ? undefined : Number(digits))

// 3.8.0-rc1, 3.8.0-entrypoint-12-g0123456: builds before the release. 3.8.0-12-g0123456 is one after it.
const isBeforeRelease = ({ text }: Version): boolean => /^\d+\.\d+\.\d+[-~.]?[a-z]/.test(text)

/**
 * Returns true if a version is one of the wanted versions. A release that is named in full excludes its release
 * candidates.
 */
export function fits(version: Version, wanted: WantedVersion): boolean {
  return (
    version.major === wanted.major &&
    (wanted.minor === undefined || version.minor === wanted.minor) &&
    (wanted.patch === undefined || (version.patch === wanted.patch && !isBeforeRelease(version)))
  )
}

/** A wanted version for people, after the word `Tarantool`: the newest release is called by its series. */
export const nameOf = ({ text, newest, major }: WantedVersion): string => (newest ? String(major) : text)

/** True if exactly one release fits. A copy of such a release never gets old. */
export const isExact = ({ patch }: WantedVersion): boolean => patch !== undefined

/** The newest of the versions that fit; undefined if none does. */
export function newestThatFits<T extends Version>(versions: readonly T[], wanted: WantedVersion): T | undefined {
  return versions.filter(version => fits(version, wanted)).sort((a, b) => compareVersions(b, a))[0]
}

const distance = (version: Version, wanted: WantedVersion): number[] => [
  Math.abs(version.major - wanted.major),
  Math.abs(version.minor - (wanted.minor ?? version.minor)),
  Math.abs(version.patch - (wanted.patch ?? version.patch)),
]

/** The versions that are nearest to the wanted one, nearest first. */
export function nearestVersions<T extends Version>(versions: readonly T[], wanted: WantedVersion, count = 3): T[] {
  const byDistance = (a: T, b: T): number => {
    const [left, right] = [distance(a, wanted), distance(b, wanted)]
    const part = left.findIndex((value, index) => value !== right[index])
    return part < 0 ? compareVersions(b, a) : (left[part] ?? 0) - (right[part] ?? 0) || compareVersions(b, a)
  }
  return [...versions].sort(byDistance).slice(0, count)
}
