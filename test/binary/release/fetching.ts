import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Binary } from '../../../src/binary/binary.ts'
import { type LocateOptions, locateBinary } from '../../../src/binary/locate.ts'
import { temporaryDirectory } from '../programs.ts'
import { debian } from './debian.ts'
import { buildPackage, type DebPackage, type PackageOptions } from './packages.ts'
import { Vendor } from './vendor.ts'

export const architecture: string = debian.architecture

/** A user's machine without a Tarantool, and a vendor with some releases. */
export interface Machine {
  readonly directory: string
  readonly cache: string
  /** A directory on PATH. */
  readonly bin: string
  readonly env: NodeJS.ProcessEnv
  readonly vendor: Vendor
  /** The lines that were said. */
  readonly reports: string[]
  find(version?: string, options?: LocateOptions): Promise<Binary>
}

export const tarantool = (version: string, options: Partial<PackageOptions> = {}): DebPackage =>
  buildPackage({ version, architecture, ...options })

type Repository = Parameters<Vendor['add']>

function buildReleases(): Repository[] {
  const bookworm = { distribution: 'bookworm' }
  return [
    [
      'series-3/linux-deb',
      [
        ...['3.7.0-1', '3.8.0-1', '3.10.1-1', '3.11.0~rc1-1', '3.2.0-1'].map(version => tarantool(version)),
        tarantool('9.9.9-1', { name: 'tarantool-dev' }),
      ],
    ],
    ['series-2/debian', [tarantool('2.10.8.g0123456789-1'), tarantool('2.11.5.g0123456789-1')], bookworm],
    ['1.10/debian', [tarantool('1.10.15.0.g0123456-1')], bookworm],
  ]
}

let releases: Repository[] | undefined

/** The releases that most tests have: two series, several minor versions, one of them twice. They are built once. */
export function addReleases(vendor: Vendor): void {
  releases ??= buildReleases()
  for (const repository of releases) vendor.add(...repository)
}

/** Makes a cache believe that it asked the vendor more than a day ago. */
export function letADayPass(cache: string): void {
  const place = join(cache, 'releases/.asked')
  for (const name of readdirSync(place)) {
    const note = JSON.parse(readFileSync(join(place, name), 'utf8')) as { asked: number }
    writeFileSync(join(place, name), JSON.stringify({ ...note, asked: note.asked - 25 * 60 * 60_000 }))
  }
}

/** A machine for one test. */
export async function newMachine(): Promise<Machine> {
  const directory = temporaryDirectory()
  const [cache, bin] = [join(directory, 'cache'), join(directory, 'bin')]
  mkdirSync(bin)
  const vendor = await Vendor.start()
  const env = { PATH: bin, TARANTOOL_FIXTURE_CACHE: cache, TARANTOOL_FIXTURE_MIRROR: vendor.url }
  const reports: string[] = []
  const report = (line: string): number => reports.push(line)
  const terminal = { write: () => {} }
  // A result is kept for the process, so each search is one of its own.
  let searches = 0
  const find = (version?: string, options: LocateOptions = {}): Promise<Binary> =>
    locateBinary({
      ...(version !== undefined && { version }),
      ...{ env, cwd: `${directory}/${++searches}`, system: debian, report, terminal },
      ...options,
    })
  return { directory, cache, bin, env, vendor, reports, find }
}
