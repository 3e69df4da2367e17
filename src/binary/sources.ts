import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { BinaryNotExecutableError, BinaryNotFoundError, InvalidOptionError, TarantoolFixtureError } from '../errors.ts'
import { pathWeakness } from '../trusted-path.ts'
import type { Version } from '../version/version.ts'
import { fits, nameOf, type WantedVersion } from '../version/wanted.ts'
import type { Binary } from './binary.ts'
import { binaryVersion } from './binary-version.ts'
import { installGuidance } from './guidance.ts'
import { notedVersion, noteVersion } from './noted-versions.ts'
import { writtenPlaces } from './release/store.ts'
import { findProgram, findPrograms, inspectProgram, searchDirectories } from './search.ts'
import { isDebianLike, type OperatingSystem } from './system.ts'

/** The inputs of the sources. */
export interface Settings {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly system: OperatingSystem
}

const describeDirectories = (directories: readonly string[]): string =>
  `${directories.length} director${directories.length === 1 ? 'y' : 'ies'}: ${directories.join(', ') || 'none'}`

/**
 * The program that an option or a variable names. The user chose the program, so another program never replaces it
 * silently.
 *
 * @throws BinaryNotFoundError, BinaryNotExecutableError
 */
function locateNamed(name: string, source: 'commandToRun' | 'TARANTOOL_BIN', { env, cwd, system }: Settings): Binary {
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

/** A source's program, or the reason why it has none. */
export interface Lookup {
  readonly binary?: Binary
  /** The places that were searched, and the results. */
  readonly findings: readonly string[]
}

/** The object of the search. */
export interface Search extends Settings {
  /** The cache. Undefined if the user has none. */
  readonly root: string | undefined
  /** Undefined if any version is acceptable. */
  readonly wanted?: WantedVersion | undefined
  /** Arguments before `--version`, for a program that is a wrapper. */
  readonly commandArgs: readonly string[]
}

/**
 * The program that `commandToRun` names. It must have the wanted version.
 *
 * @throws BinaryNotFoundError, BinaryNotExecutableError, InvalidOptionError
 */
export async function locateCommand(commandToRun: string, search: Search): Promise<Binary> {
  const binary = locateNamed(commandToRun, 'commandToRun', search)
  const { wanted, commandArgs } = search
  if (!wanted) return binary
  const version = await binaryVersion(binary, { commandArgs })
  if (fits(version, wanted)) return binary
  throw new InvalidOptionError(
    `${wanted.setting} is '${wanted.text}', but commandToRun is ${binary.path}, which is Tarantool ${version.text}`,
    {
      hint: `Leave out commandToRun to have Tarantool ${nameOf(wanted)} found or downloaded, or leave out the version.`,
    },
  )
}

/** Searches TARANTOOL_BIN, then PATH. A program of another version than the wanted one does not count. */
export async function searchMachine(search: Search): Promise<Lookup> {
  const { env, cwd, wanted } = search
  const findings: string[] = []
  if (env.TARANTOOL_BIN) {
    const binary = locateNamed(env.TARANTOOL_BIN, 'TARANTOOL_BIN', search)
    if (!wanted) return { binary, findings }
    const unfit = await unfitVersion(binary, wanted, search)
    if (!unfit) return { binary, findings }
    findings.push(`TARANTOOL_BIN: ${binary.path} is Tarantool ${unfit.text}`)
  } else {
    findings.push('TARANTOOL_BIN: not set')
  }
  const directories = searchDirectories(env.PATH, cwd)
  const { paths, broken } = findPrograms('tarantool', directories)
  const seen = new Set<string>()
  for (const path of paths) {
    // /bin is a link to /usr/bin on many systems.
    const file = realpathSync(path)
    if (seen.has(file)) continue
    seen.add(file)
    const binary: Binary = { path, env: {}, source: 'PATH' }
    const flaw = await flawOnPath(binary, search)
    if (flaw === undefined) return { binary, findings }
    findings.push(`PATH: ${flaw}`)
  }
  if (paths.length === 0) findings.push(`PATH: no \`tarantool\` in ${describeDirectories(directories)}`)
  return { findings: [...findings, ...broken.map(file => `PATH: ${file} may not be executed`)] }
}

/** The version of a program that does not fit; undefined if it fits. */
async function unfitVersion(binary: Binary, wanted: WantedVersion, search: Search): Promise<Version | undefined> {
  const { commandArgs, root } = search
  const noted = commandArgs.length === 0 ? notedVersion(root, binary.path) : undefined
  if (noted && !fits(noted, wanted)) return noted
  const version = await binaryVersion(binary, { commandArgs })
  if (fits(version, wanted)) return undefined
  if (commandArgs.length === 0) noteVersion(root, binary.path, version)
  return version
}

async function flawOnPath(binary: Binary, search: Search): Promise<string | undefined> {
  const { wanted } = search
  if (!wanted) return undefined
  // The program may have any version of the series, and the newest is wanted.
  if (wanted.newest) return `${binary.path} may not be the newest`
  try {
    const unfit = await unfitVersion(binary, wanted, search)
    return unfit && `${binary.path} is Tarantool ${unfit.text}`
  } catch (error) {
    if (error instanceof TarantoolFixtureError) return error.summary
    throw error
  }
}

/** The reason why nothing may be fetched from anywhere; undefined if it may. */
export function whyNothingIsFetched({ env }: Settings, root: string | undefined): string | undefined {
  if (env.TARANTOOL_FIXTURE_INSTALL === '0') return 'forbidden by TARANTOOL_FIXTURE_INSTALL=0'
  if (!root) return 'the user has no cache directory; set TARANTOOL_FIXTURE_CACHE to one'
  const weakness = writtenPlaces(root)
    .map(place => pathWeakness(place))
    .find(found => found !== undefined)
  return (
    weakness &&
    `not in a directory that others could change (${weakness}); set TARANTOOL_FIXTURE_CACHE to another directory`
  )
}

/** The reason why the distribution's package cannot be installed; undefined if it can. */
export function whyNotDistributed({ env, cwd, system }: Settings): string | undefined {
  if (!isDebianLike(system)) return `the distribution's package: for Debian and Ubuntu only, and this is ${system.name}`
  const tools = ['apt-get', 'apt-cache', 'dpkg']
  const absent = tools.find(tool => !findProgram(tool, searchDirectories(env.PATH, cwd)).path)
  return absent && `the distribution's package: PATH has no \`${absent}\``
}
