import { BinaryNotFoundError, InstallError } from '../errors.ts'
import { cacheRoot } from './cache.ts'
import { installGuidance } from './guidance.ts'
import { installTarantool } from './install.ts'
import { inspectProgram } from './search.ts'
import { SharedTask } from './shared-task.ts'
import { type Binary, locateNamed, lookUp, type Settings, whyNotInstalled } from './sources.ts'
import { currentSystem, type OperatingSystem, systemKey } from './system.ts'

export type { Binary } from './sources.ts'

/** Where to look, and what to do without a find. */
export interface LocateOptions {
  /** A path, or a name on PATH; with it nothing else is looked at. */
  commandToRun?: string
  /** Where PATH, TARANTOOL_BIN and the like are read. Default `process.env`. */
  env?: NodeJS.ProcessEnv
  /** What relative paths are relative to. Default: the process's. */
  cwd?: string
  /** Takes the line that an installation begins with. Default: to stderr, after `tarantool-fixture: `. */
  report?: (line: string) => void
  /** Gives up waiting for an installation. */
  signal?: AbortSignal
  /** @internal Another system than this one. */
  system?: OperatingSystem
}

function toStderr(line: string): void {
  process.stderr.write(`tarantool-fixture: ${line}\n`)
}

async function locate(
  settings: Settings,
  commandToRun: string | undefined,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<Binary> {
  if (commandToRun !== undefined) return locateNamed(commandToRun, 'commandToRun', settings)
  const root = cacheRoot(settings.env, settings.cwd, settings.system.platform)
  const { binary, findings, suspicion } = lookUp(settings, root)
  if (binary) return binary
  if (suspicion !== undefined) report(suspicion)
  const hint = (install: string): string =>
    `Looked for it:\n${[...findings, `install: ${install}`].map(line => `  ${line}`).join('\n')}\n${installGuidance(settings.system)}`
  const refusal = whyNotInstalled(settings, root)
  if (refusal || !root) throw new BinaryNotFoundError('No Tarantool was found', { hint: hint(refusal ?? 'no place') })
  try {
    const copy = await installTarantool({ root, system: settings.system, report, signal })
    return { path: copy.path, env: copy.env, source: 'installed' }
  } catch (error) {
    if (!(error instanceof InstallError)) throw error
    throw new InstallError(error.summary, { hint: hint('failed'), logTail: error.logTail, cause: error.cause })
  }
}

interface Entry {
  readonly task: SharedTask<Binary>
  path?: string
  failedAt?: number
}

const known = new Map<string, Entry>()
// Every lease of a run asks again: a network that is down must not cost each of them the whole wait.
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
    if (error instanceof InstallError && !task.cancelled) entry.failedAt = performance.now()
    else if (known.get(key) === entry) known.delete(key)
  }
  task.result.then(({ path }) => {
    entry.path = path
  }, onFailure)
  return entry
}

/**
 * Finds the Tarantool to run: `commandToRun`, else TARANTOOL_BIN, else `tarantool` on PATH, else the copy in the user's
 * cache, else (on Debian and Ubuntu, unless TARANTOOL_FIXTURE_INSTALL is 0) one that is installed there now, with one
 * line on stderr. The result is kept for the process as long as its file is there; concurrent callers share one
 * installation, and one that failed is not tried again within a minute.
 *
 * @throws BinaryNotFoundError, BinaryNotExecutableError, InstallError
 * @example
 * const { path, env } = await locateBinary()
 */
export async function locateBinary(options: LocateOptions = {}): Promise<Binary> {
  const { commandToRun, env = process.env, cwd = process.cwd(), report = toStderr, signal } = options
  const { system = currentSystem() } = options
  const names = [
    'TARANTOOL_BIN',
    'PATH',
    'TARANTOOL_FIXTURE_CACHE',
    'XDG_CACHE_HOME',
    'HOME',
    'TARANTOOL_FIXTURE_INSTALL',
  ]
  const key = JSON.stringify([commandToRun, cwd, systemKey(system), ...names.map(name => env[name])])
  signal?.throwIfAborted()
  let entry = known.get(key)
  if (!entry || !isFresh(entry)) {
    entry = remember(key, new SharedTask(abort => locate({ env, cwd, system }, commandToRun, report, abort)))
  }
  return await entry.task.wait(signal)
}
