import { defaultVersion, nameOf, type WantedVersion } from '../version/wanted.ts'
import { currentSystem, isDebianLike, type OperatingSystem } from './system.ts'

const download = 'https://www.tarantool.io/en/download/'
/** The source of a newer Tarantool than the distribution's: a command, or a page. */
export const installHint: string = download

// The part of a package's version for a wanted version: `=3.5.*`.
function packageVersion({ major, minor, patch }: WantedVersion, sign: '=' | '-'): string {
  if (minor === undefined) return 'tarantool'
  return `'tarantool${sign}${major}.${minor}${patch === undefined ? '.' : `.${patch}`}*'`
}

/** The command. Undefined if no command installs the version. */
function command(system: OperatingSystem, wanted: WantedVersion | undefined, hasNoBuild: boolean): string | undefined {
  const { major, minor } = wanted ?? defaultVersion
  // Homebrew has only the newest version.
  if (system.platform === 'darwin') {
    return major === defaultVersion.major && minor === undefined ? 'brew install tarantool' : undefined
  }
  const series = major === 2 && minor !== undefined && minor < 10 ? `2.${minor}` : major === 1 ? '1.10' : major
  const packages = `curl -L https://tarantool.io/release/${series}/installer.sh | bash`
  if (isDebianLike(system)) {
    // apt would use the same repository.
    if (hasNoBuild) return undefined
    const own = "   (the distribution's own, older one: sudo apt-get install -y tarantool)"
    return `${packages} && sudo apt-get install -y ${packageVersion(wanted ?? defaultVersion, '=')}${wanted ? '' : own}`
  }
  const family = [system.id, ...system.like]
  if (family.some(name => ['fedora', 'rhel', 'centos', 'amzn'].includes(name))) {
    return `${packages} && sudo dnf install -y ${packageVersion(wanted ?? defaultVersion, '-')}`
  }
  return `see ${download}`
}

/**
 * The text that says how to install Tarantool on a system, in a few lines: the command, and the way without a command.
 *
 * @param wanted the version to install; undefined for any
 * @param hasNoBuild true if the vendor has no build of the version for the system
 * @example
 * console.log(installGuidance()) // To install Tarantool on macOS: brew install tarantool …
 */
export function installGuidance(
  system: OperatingSystem = currentSystem(),
  wanted?: WantedVersion,
  hasNoBuild = false,
): string {
  const version = wanted ? ` ${nameOf(wanted)}` : ''
  const how = command(system, wanted, hasNoBuild)
  return [
    ...(how ? [`To install Tarantool${version} on ${system.name} (${system.architecture}): ${how}`] : []),
    'To use another Tarantool, set TARANTOOL_BIN to its path. To run it in a container, use the docker option',
    `(image tarantool/tarantool${wanted ? `:${wanted.text}` : ''}). All packages: ${download}`,
  ].join('\n')
}

/** The hint for a version that does not exist. */
export const ownGuidance = 'To use a Tarantool of your own, set TARANTOOL_BIN to its path.'
