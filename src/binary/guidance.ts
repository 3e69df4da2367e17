import { currentSystem, isDebianLike, type OperatingSystem } from './system.ts'
import { defaultVersion, type WantedVersion } from './wanted.ts'

const download = 'https://www.tarantool.io/en/download/'
/** Where a newer Tarantool than the distribution's comes from: a command, or a page. */
export const installHint: string = download

function command(system: OperatingSystem, wanted: WantedVersion | undefined): string {
  if (system.platform === 'darwin') return 'brew install tarantool'
  const { major, minor = 0 } = wanted ?? defaultVersion
  const series = major === 2 && minor < 10 && wanted?.minor !== undefined ? `2.${minor}` : major === 1 ? '1.10' : major
  const packages = `curl -L https://tarantool.io/release/${series}/installer.sh | bash`
  if (isDebianLike(system)) {
    const own = "   (the distribution's own, older one: sudo apt-get install -y tarantool)"
    return `${packages} && sudo apt-get install -y tarantool${wanted ? '' : own}`
  }
  const family = [system.id, ...system.like]
  if (family.some(name => ['fedora', 'rhel', 'centos', 'amzn'].includes(name))) {
    return `${packages} && sudo dnf install -y tarantool`
  }
  return `see ${download}`
}

/**
 * How to install Tarantool on a system, in a few lines: the command, and what to do without one.
 *
 * @param wanted the version to install; undefined for any
 * @example
 * console.log(installGuidance()) // To install Tarantool on macOS: brew install tarantool …
 */
export function installGuidance(system: OperatingSystem = currentSystem(), wanted?: WantedVersion): string {
  const version = wanted ? ` ${wanted.text}` : ''
  return [
    `To install Tarantool${version} on ${system.name} (${system.architecture}): ${command(system, wanted)}`,
    'To use one that is elsewhere, set TARANTOOL_BIN to its path. To run it in a container, use the docker option',
    `(image tarantool/tarantool${wanted ? `:${wanted.text}` : ''}). All packages: ${download}`,
  ].join('\n')
}
