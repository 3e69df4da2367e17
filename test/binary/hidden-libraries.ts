import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import { currentSystem, isDebianLike } from '../../src/binary/system.ts'
import { distributed } from './distribution.ts'
import type { DebPackage } from './release/packages.ts'

// Tarantool loads these, and no program that the tests need without them.
const canBeHidden = /=> (\/\S+\/lib(?:icu|unwind)\S*)/g
const status = '/var/lib/dpkg/status'

/** Whether the tests can hide libraries: they mount over the system's directories. */
export const canHide: boolean = process.getuid?.() === 0 && isDebianLike(currentSystem())

/** Some libraries of this machine, and packages that have them. */
export interface Hideable {
  /** The directory of the libraries. */
  readonly directory: string
  /** The names of the files: `libunwind.so.8`. */
  readonly names: readonly string[]
  /** The packages that have the libraries, and one of the C library, which they need. */
  readonly packages: readonly DebPackage[]
  /** Names of the packages that have the libraries. */
  readonly owners: readonly string[]
  /** The dependencies of a Tarantool that needs the libraries. */
  readonly depends: string
}

/** Finds libraries that a Tarantool loads and that can be hidden. Undefined if it loads none. */
export async function findHideable(program: string): Promise<Hideable | undefined> {
  const { stdout } = await execa('ldd', [program], { reject: false })
  const found = [...stdout.matchAll(canBeHidden)].map(match => match[1] ?? '')
  if (found.length === 0) return undefined
  const owned = new Map<string, Record<string, string>>()
  for (const path of found) {
    const file = realpathSync(path)
    const owner = (await execa('dpkg-query', ['-S', file], { reject: false })).stdout.split(':')[0]
    // A library that no package has cannot be brought by one.
    if (!owner) return undefined
    owned.set(owner, { ...owned.get(owner), [join('usr/lib', basename(dirname(file)), basename(path))]: file })
  }
  const owners = [...owned.keys()]
  return {
    directory: realpathSync(dirname(found[0] ?? '')),
    names: found.map(path => basename(path)),
    packages: [
      distributed({ name: 'libc6', version: '1-1', files: {} }),
      ...[...owned].map(([name, files]) =>
        distributed({ name, version: '1-1', depends: 'libc6', files, compression: 'none' }),
      ),
    ],
    owners,
    depends: ['libc6', ...owners].join(', '),
  }
}

// In a mount namespace of its own, where the directory of libraries has links to all but the hidden ones.
const script = `set -e
  directory=$1
  mount --bind "$directory" original
  cp -as "$PWD/original/." libraries
  (cd libraries && rm -f $2)
  mount --bind libraries "$directory"
  mount --bind status ${status}
  shift 2
  exec "$@"`

/**
 * The beginning of a command that runs without some libraries and without their packages. It has to be run in `work`.
 * Undefined where nothing can be mounted.
 */
export async function hiding(work: string, { directory, names, owners }: Hideable): Promise<string[] | undefined> {
  const probe = await execa('unshare', ['-m', 'mount', '--bind', work, work], { reject: false })
  if (probe.failed) return undefined
  for (const name of ['libraries', 'original']) mkdirSync(join(work, name))
  const isHidden = (entry: string): boolean => owners.includes(/^Package: (\S+)$/m.exec(entry)?.[1] ?? '')
  const entries = readFileSync(status, 'utf8').split('\n\n')
  writeFileSync(join(work, 'status'), entries.filter(entry => !isHidden(entry)).join('\n\n'))
  return ['unshare', '-m', 'sh', '-c', script, 'sh', directory, names.join(' ')]
}
