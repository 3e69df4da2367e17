import { currentSystem, isDebianLike, type OperatingSystem } from './system.ts'

const download = 'https://www.tarantool.io/en/download/'
const officialPackages = 'curl -L https://tarantool.io/release/3/installer.sh | bash'

/** Where a newer Tarantool than the distribution's comes from: a command, or a page. */
export const installHint: string = download

function command(system: OperatingSystem): string {
  if (system.platform === 'darwin') return 'brew install tarantool'
  if (isDebianLike(system)) {
    return `${officialPackages} && sudo apt-get install -y tarantool   (the distribution's own, older one: sudo apt-get install -y tarantool)`
  }
  const family = [system.id, ...system.like]
  if (family.some(name => ['fedora', 'rhel', 'centos', 'amzn'].includes(name))) {
    return `${officialPackages} && sudo dnf install -y tarantool`
  }
  return `see ${download}`
}

/**
 * How to install Tarantool on a system, in a few lines: the command, and what to do without one.
 *
 * @example
 * console.log(installGuidance()) // To install Tarantool on macOS: brew install tarantool …
 */
export function installGuidance(system: OperatingSystem = currentSystem()): string {
  return [
    `To install Tarantool on ${system.name} (${system.architecture}): ${command(system)}`,
    'To use one that is elsewhere, set TARANTOOL_BIN to its path. To run it in a container, use the docker option',
    `(image tarantool/tarantool). All packages: ${download}`,
  ].join('\n')
}
