import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { cacheRoot } from '../cache/root.ts'
import { noteUse } from '../cache/uses.ts'
import { BinaryNotFoundError, InstallError, VersionNotFoundError } from '../errors.ts'
import { defaultVersion, isExact, nameOf, readWantedVersion, type WantedVersion } from '../version/wanted.ts'
import type { Binary } from './binary.ts'
import type { Patience } from './download/answer.ts'
import type { Terminal } from './download/progress.ts'
import { fetchBinary, hintOf } from './fetch.ts'
import { wasAskedToday } from './release/asked.ts'
import { hasRepository, mirrorOf } from './release/repository.ts'
import { releasesRoot } from './release/store.ts'
import { inspectProgram } from './search.ts'
import { searchCache } from './search-cache.ts'
import { SharedTask } from './shared-task.ts'
import { locateCommand, type Search, searchMachine, whyNothingIsFetched } from './sources.ts'
import { currentSystem, type OperatingSystem, systemKey } from './system.ts'

/** The options of the search for Tarantool. */
export interface LocateOptions {
  /**
   * The wanted version: a series ('3'), a minor version ('2.11'), a release ('3.8.0') or 'latest'. Default:
   * TARANTOOL_FIXTURE_VERSION, unless `commandToRun` is set. Without the variable, any Tarantool of this machine, else
   * the newest release.
   */
  version?: string
  /** A path, or a name on PATH. With it, no other source is searched. */
  commandToRun?: string
  /** Arguments before `--version`, for a program that is a wrapper. */
  commandArgs?: readonly string[]
  /** The environment with PATH, TARANTOOL_BIN and the other variables. Default `process.env`. */
  env?: NodeJS.ProcessEnv
  /** The directory that relative paths start from. Default: the working directory. */
  cwd?: string
  /**
   * Receives lines about a download, and about a Tarantool that is not used. Default: lines go to stderr, after
   * `tarantool-fixture: `.
   */
  report?: (line: string) => void
  /** Prints nothing about a download. Warnings are still printed. Default `false`. */
  quiet?: boolean
  /** Ends the wait for an installation. */
  signal?: AbortSignal
  /** @internal A system other than this one. */
  system?: OperatingSystem
  /** @internal Receives the progress bar, if it is a terminal. Default: stderr. */
  terminal?: Terminal
  /** @internal The time limits of a download. */
  patience?: Patience
}

/** Writes a line for people to stderr. */
export function toStderr(line: string): void {
  process.stderr.write(`tarantool-fixture: ${line}\n`)
}

interface Request {
  readonly search: Search
  readonly commandToRun?: string | undefined
  readonly report: (line: string) => void
  readonly warn: (line: string) => void
  readonly terminal?: Terminal | undefined
  readonly patience?: Patience | undefined
}

// A cache may be part of an image, or belong to another user. A missing directory would be made.
function mayWrite(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK)
    return true
  } catch (error) {
    const parent = dirname(directory)
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && parent !== directory && mayWrite(parent)
  }
}

// A copy of a single release never gets old. The mirror is asked once a day which release of a series is the newest.
function isCurrent(root: string, { wanted = defaultVersion, system, env }: Search): boolean {
  if (isExact(wanted) || !hasRepository(wanted, system) || !mayWrite(releasesRoot(root))) return true
  return wasAskedToday({ root, wanted, system, mirror: mirrorOf(env) })
}

async function locate(request: Request, signal: AbortSignal): Promise<Binary> {
  const { search, commandToRun, warn, ...output } = request
  if (commandToRun !== undefined) return await locateCommand(commandToRun, search)
  const machine = await searchMachine(search)
  if (machine.binary) return machine.binary
  const { root } = search
  const cached = searchCache(search)
  for (const line of cached.suspicions) warn(line)
  const refusal = whyNothingIsFetched(search, root)
  if (cached.binary && (refusal || !root || isCurrent(root, search))) {
    if (cached.directory) noteUse(cached.directory)
    return cached.binary
  }
  const findings = [...machine.findings, ...cached.findings]
  if (refusal || !root) {
    const what = search.wanted ? `Tarantool ${nameOf(search.wanted)}` : 'Tarantool'
    throw new BinaryNotFoundError(`No ${what} was found`, {
      hint: hintOf([...findings, `install: ${refusal}`], search),
    })
  }
  const binary = await fetchBinary(search, { ...output, root, cached, findings, warn, signal })
  if (binary === cached.binary && cached.directory) noteUse(cached.directory)
  return binary
}

interface Entry {
  readonly task: SharedTask<Binary>
  path?: string
  failedAt?: number
}

const known = new Map<string, Entry>()
// Every lease of a run asks again. A network that is down must not cost each lease the full wait.
const failureIsKept = 60_000

function isFresh({ task, path, failedAt }: Entry): boolean {
  if (task.cancelled) return false
  if (failedAt !== undefined) return performance.now() - failedAt < failureIsKept
  return path === undefined || inspectProgram(path) === 'executable'
}

function remember(key: string, task: SharedTask<Binary>): Entry {
  const entry: Entry = { task }
  known.set(key, entry)
  const onFailure = (error: unknown): void => {
    const isKept = error instanceof InstallError || error instanceof VersionNotFoundError
    if (isKept && !task.cancelled) entry.failedAt = performance.now()
    else if (known.get(key) === entry) known.delete(key)
  }
  task.result.then(({ path }) => {
    entry.path = path
  }, onFailure)
  return entry
}

function wantedBy({ version, commandToRun, env = process.env }: LocateOptions): WantedVersion | undefined {
  if (version !== undefined) return readWantedVersion(version, 'version')
  // The variable applies to all servers of all projects. A program that a server names overrides it.
  if (commandToRun !== undefined) return undefined
  const text = env.TARANTOOL_FIXTURE_VERSION?.trim()
  return text ? readWantedVersion(text, 'TARANTOOL_FIXTURE_VERSION') : undefined
}

// The variables that determine the result.
const variables = [
  'TARANTOOL_BIN',
  'PATH',
  'TARANTOOL_FIXTURE_CACHE',
  'XDG_CACHE_HOME',
  'HOME',
  'TARANTOOL_FIXTURE_INSTALL',
  'TARANTOOL_FIXTURE_MIRROR',
]

/**
 * Finds the Tarantool to run. The sources, in this order: `commandToRun`, TARANTOOL_BIN, `tarantool` on PATH, the
 * user's cache, the vendor's releases. If a version is wanted, only a program of that version counts. A `commandToRun`
 * has to agree with `version`, but not with TARANTOOL_FIXTURE_VERSION. If no version is wanted and the vendor cannot be
 * reached within 5 s, the package of Debian or Ubuntu is installed into the cache.
 *
 * The process keeps the result while its file exists. Concurrent callers share one installation. A failed installation
 * is not tried again within a minute.
 *
 * @throws InvalidOptionError if the version is malformed, or if `commandToRun` has another version
 * @throws VersionNotFoundError if the release does not exist, or has no build for this system
 * @throws DownloadError, InstallError, BinaryNotFoundError, BinaryNotExecutableError
 * @example
 * const { path, env } = await locateBinary({ version: '3' })
 */
export async function locateBinary(options: LocateOptions = {}): Promise<Binary> {
  const { commandToRun, commandArgs = [], env = process.env, cwd = process.cwd(), signal } = options
  const { system = currentSystem(), report = toStderr, quiet = false, terminal = process.stderr, patience } = options
  const wanted = wantedBy(options)
  const root = cacheRoot(env, cwd, system.platform)
  const search: Search = { root, env, cwd, system, wanted, commandArgs }
  const key = JSON.stringify([
    ...[wanted?.text, wanted?.setting, commandToRun, commandArgs, cwd, systemKey(system)],
    ...variables.map(name => env[name]),
  ])
  signal?.throwIfAborted()
  let entry = known.get(key)
  if (!entry || !isFresh(entry)) {
    const output = quiet ? { report: () => {} } : { report, terminal }
    const request: Request = { search, commandToRun, warn: report, patience, ...output }
    entry = remember(key, new SharedTask(abort => locate(request, abort)))
  }
  return await entry.task.wait(signal)
}
