import { InvalidOptionError, VersionNotFoundError } from '../../errors.ts'
import { nameOf, type WantedVersion } from '../../version/wanted.ts'
import { hasReadableSecrets } from '../download/failure.ts'
import type { OperatingSystem } from '../system.ts'

/** A repository of packages, in the form of a line of apt's sources. */
export interface Repository {
  /** The address from which paths in the index start, with a slash at its end. */
  readonly base: string
  /** `static`, or a code name such as `bookworm`. */
  readonly distribution: string
  readonly component: 'main'
  /** Debian's word for the processor. */
  readonly architecture: string
  /** True if its Tarantool contains all libraries except the C library, so that every Linux with glibc runs it. */
  readonly isStatic: boolean
}

/** The vendor's own server. */
export const vendor = 'https://download.tarantool.org/'

/** The day on which the vendor's documentation described the layout that this code expects. */
export const layoutAsOf = '2026-11-26'

/**
 * The address above the vendor's repositories: TARANTOOL_FIXTURE_MIRROR, or the vendor's own address.
 *
 * @throws InvalidOptionError if the variable is not an address
 */
export function mirrorOf(env: NodeJS.ProcessEnv): string {
  const text = env.TARANTOOL_FIXTURE_MIRROR?.trim()
  if (!text) return vendor
  const isAddress = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
  if (isAddress && !hasReadableSecrets(new URL(text))) {
    throw new InvalidOptionError("TARANTOOL_FIXTURE_MIRROR has a user's name or password that cannot be read", {
      hint: 'Write a % in them as %25.',
    })
  }
  if (isAddress) return text.endsWith('/') ? text : `${text}/`
  throw new InvalidOptionError('TARANTOOL_FIXTURE_MIRROR is not an address of HTTP', {
    hint: `An address begins with http:// or https://. It takes the place of ${vendor}`,
  })
}

// From 2.10 on, each series has one repository. Before, each minor version has its own.
function seriesOf({ major, minor }: WantedVersion): string {
  if (major === 1) return '1.10'
  return major > 2 || minor === undefined || minor >= 10 ? `series-${major}` : `${major}.${minor}`
}

const families = ['debian', 'ubuntu']

function noBuild(wanted: WantedVersion, system: OperatingSystem, why: string): VersionNotFoundError {
  const where = `${system.name} (${system.architecture})`
  const what = `there is no build of Tarantool ${nameOf(wanted)} for ${where}: ${why}`
  return new VersionNotFoundError(what, { isElsewhere: true })
}

/**
 * The vendor's repository with the wanted version for a system.
 *
 * @throws VersionNotFoundError if the vendor has no builds for the system
 */
export function repositoryFor(wanted: WantedVersion, system: OperatingSystem, mirror: string): Repository {
  const { platform, architecture, libc, id, like, codename } = system
  if (platform !== 'linux') throw noBuild(wanted, system, 'the releases are for Linux')
  if (libc !== 'glibc') throw noBuild(wanted, system, 'the releases need the GNU C library')
  if (architecture !== 'amd64' && architecture !== 'arm64') {
    throw noBuild(wanted, system, 'the releases are for amd64 and arm64')
  }
  const release = new URL(`tarantool/release/${seriesOf(wanted)}/`, mirror).href
  if (wanted.major > 2) {
    return { base: `${release}linux-deb/`, distribution: 'static', component: 'main', architecture, isStatic: true }
  }
  const family = [id, ...like].find(name => families.includes(name))
  if (family === undefined || codename === undefined) {
    throw noBuild(wanted, system, 'the releases before 3.0 are for Debian and Ubuntu')
  }
  return { base: `${release}${family}/`, distribution: codename, component: 'main', architecture, isStatic: false }
}

/** True if the vendor may have builds of a version for a system. */
export function hasRepository(wanted: WantedVersion, system: OperatingSystem): boolean {
  try {
    return repositoryFor(wanted, system, vendor) !== undefined
  } catch {
    return false
  }
}
