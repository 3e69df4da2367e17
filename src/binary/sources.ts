import { join, resolve } from 'node:path'
import { BinaryNotExecutableError, BinaryNotFoundError } from '../errors.ts'
import { pathWeakness } from '../trusted-path.ts'
import { inspectCopy } from './cache.ts'
import { installGuidance } from './guidance.ts'
import { findProgram, inspectProgram, searchDirectories } from './search.ts'
import { isDebianLike, type OperatingSystem, systemKey } from './system.ts'

/** A Tarantool that can be run. */
export interface Binary {
  /** Absolute. */
  readonly path: string
  /** What its process needs in the environment: the library path of an installed copy. Mostly empty. */
  readonly env: Readonly<Record<string, string>>
  /** Where it was found. */
  readonly source: 'commandToRun' | 'TARANTOOL_BIN' | 'PATH' | 'cache' | 'installed'
}

/** What the sources depend on. */
export interface Settings {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly system: OperatingSystem
}

const describeDirectories = (directories: readonly string[]): string =>
  `${directories.length} director${directories.length === 1 ? 'y' : 'ies'}: ${directories.join(', ') || 'none'}`

/**
 * The program that an option or a variable names. Said by the user, it is never replaced by another in silence.
 *
 * @throws BinaryNotFoundError, BinaryNotExecutableError
 */
export function locateNamed(
  name: string,
  source: 'commandToRun' | 'TARANTOOL_BIN',
  { env, cwd, system }: Settings,
): Binary {
  const says = `${source} is ${JSON.stringify(name)}`
  if (name.includes('/')) {
    const path = resolve(cwd, name)
    const finding = inspectProgram(path)
    if (finding === 'executable') return { path, env: {}, source }
    if (finding === 'absent') throw new BinaryNotFoundError(`${says}, but ${path} does not exist`)
    throw new BinaryNotExecutableError(
      finding === 'directory' ? `${says}, but ${path} is a directory` : `${says}, but ${path} may not be executed`,
      finding === 'directory' ? { hint: `Name the program in it.` } : { hint: `chmod +x ${path}` },
    )
  }
  const directories = searchDirectories(env.PATH, cwd)
  const { path, broken } = name === '' ? { broken: [] } : findProgram(name, directories)
  if (path) return { path, env: {}, source }
  if (broken[0]) throw new BinaryNotExecutableError(`${says}, but ${broken[0]} may not be executed`)
  throw new BinaryNotFoundError(`${says}, and PATH has no such program (${describeDirectories(directories)})`, {
    hint: installGuidance(system),
  })
}

/** What the sources have. */
export interface Lookup {
  readonly binary?: Binary
  /** Where it was looked for, and with what result. */
  readonly findings: readonly string[]
  /** Why a copy in the cache is not run: how other users could have changed the copy. */
  readonly suspicion?: string | undefined
}

/** Looks into TARANTOOL_BIN, PATH and the cache below `root`, in this order. */
export function lookUp(settings: Settings, root: string | undefined): Lookup {
  const { env, cwd, system } = settings
  if (env.TARANTOOL_BIN) return { binary: locateNamed(env.TARANTOOL_BIN, 'TARANTOOL_BIN', settings), findings: [] }
  const directories = searchDirectories(env.PATH, cwd)
  const { path, broken } = findProgram('tarantool', directories)
  if (path) return { binary: { path, env: {}, source: 'PATH' }, findings: [] }
  const findings = [
    'TARANTOOL_BIN: not set',
    `PATH: no \`tarantool\` in ${describeDirectories(directories)}`,
    ...broken.map(file => `PATH: ${file} may not be executed`),
  ]
  if (!root) return { findings: [...findings, 'cache: none, for the user has no home directory'] }
  const place = join(root, systemKey(system))
  const copy = inspectCopy(place)
  if (copy.path !== undefined) return { binary: { path: copy.path, env: copy.env, source: 'cache' }, findings }
  const suspicion = copy.isSuspect ? `${place} ${copy.flaw}` : undefined
  return { findings: [...findings, `cache: ${place} ${copy.flaw}`], suspicion }
}

/** Why no installation is tried; undefined if one can be. */
export function whyNotInstalled(settings: Settings, root: string | undefined): string | undefined {
  const { env, cwd, system } = settings
  if (env.TARANTOOL_FIXTURE_INSTALL === '0') return 'forbidden by TARANTOOL_FIXTURE_INSTALL=0'
  if (!isDebianLike(system)) return `done on Debian and Ubuntu only, and this is ${system.name}`
  const tools = ['apt-get', 'apt-cache', 'dpkg']
  const absent = tools.find(tool => !findProgram(tool, searchDirectories(env.PATH, cwd)).path)
  if (absent) return `PATH has no \`${absent}\``
  if (!root) return 'no place for it; TARANTOOL_FIXTURE_CACHE names one'
  const weakness = pathWeakness(root)
  return weakness && `not where others could change it (${weakness}); TARANTOOL_FIXTURE_CACHE names another directory`
}
