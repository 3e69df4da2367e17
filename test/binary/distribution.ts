import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { currentSystem } from '../../src/binary/system.ts'
import { temporaryDirectory } from './programs.ts'
import { buildPackage, type DebPackage, type PackageOptions } from './release/packages.ts'
import { Vendor } from './release/vendor.ts'

/** The programs that an installation of a distribution's package needs. */
export const tools: readonly string[] = ['apt-get', 'apt-cache', 'dpkg']

const { architecture } = currentSystem()

/** A package of the distribution. Its files belong to root, as those of every distribution do. */
export const distributed = (options: PackageOptions): DebPackage => buildPackage({ architecture, owner: 0, ...options })

/** A distribution on loopback. */
export interface Distribution {
  readonly vendor: Vendor
  /** The value of APT_CONFIG that makes apt read this distribution, and no other. */
  readonly settings: string
}

/** Starts a distribution with some packages, which ends with the test. */
export async function startDistribution(packages: readonly DebPackage[]): Promise<Distribution> {
  const vendor = await Vendor.start()
  vendor.add('distribution', packages, { distribution: 'stable', architectures: [architecture] })
  const directory = temporaryDirectory()
  chmodSync(directory, 0o755)
  const [sources, settings] = [join(directory, 'sources.list'), join(directory, 'apt.conf')]
  writeFileSync(sources, `deb [trusted=yes] ${vendor.url}/tarantool/release/distribution stable main\n`)
  const lines = [
    `Dir::Etc::sourcelist "${sources}"`,
    'Dir::Etc::sourceparts "/dev/null"',
    'Acquire::http::Proxy "false"',
  ]
  writeFileSync(settings, lines.map(line => `${line};\n`).join(''))
  return { vendor, settings }
}
