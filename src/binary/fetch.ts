import { join } from 'node:path'
import { noteUse } from '../cache/uses.ts'
import { BinaryNotFoundError, DownloadError, type ErrorDetails, InstallError, VersionNotFoundError } from '../errors.ts'
import { defaultVersion } from '../version/wanted.ts'
import type { Binary } from './binary.ts'
import { installDistributed } from './distribution.ts'
import type { Patience } from './download/answer.ts'
import type { Terminal } from './download/progress.ts'
import { installGuidance, ownGuidance } from './guidance.ts'
import { obtainRelease } from './release/obtain.ts'
import { mirrorOf } from './release/repository.ts'
import type { CacheLookup } from './search-cache.ts'
import { type Search, whyNotDistributed } from './sources.ts'
import { systemKey } from './system.ts'

/** The options of a download or an installation of Tarantool. */
export interface FetchOptions {
  /** The cache. */
  readonly root: string
  readonly cached: CacheLookup
  /** The places that were searched before, for errors. */
  readonly findings: readonly string[]
  /** Receives lines about the download. */
  readonly report: (line: string) => void
  /** Receives lines that are printed in any case. */
  readonly warn: (line: string) => void
  readonly terminal?: Terminal | undefined
  readonly patience?: Patience | undefined
  readonly signal: AbortSignal
}

// In milliseconds. If another source exists, nobody waits long for a server that does not answer.
const reachWithin = 5_000

/**
 * The text that says what was tried, and how to install Tarantool here.
 *
 * @param guidance Default: the command for this system
 */
export function hintOf(
  findings: readonly string[],
  { system, wanted }: Search,
  guidance: string = installGuidance(system, wanted),
): string {
  return `Looked for it:\n${findings.map(line => `  ${line}`).join('\n')}\n${guidance}`
}

// A command that cannot install the wanted version is left out.
function guidanceAfter(error: unknown, { system, wanted }: Search): string {
  if (!(error instanceof VersionNotFoundError)) return installGuidance(system, wanted)
  return error.isElsewhere ? installGuidance(system, wanted, true) : ownGuidance
}

/**
 * Fetches the wanted release. If no release can be fetched, uses the copy in the cache. If no version is named, it may
 * also install the distribution's package.
 *
 * @throws DownloadError, InstallError, VersionNotFoundError, BinaryNotFoundError
 */
export async function fetchBinary(search: Search, options: FetchOptions): Promise<Binary> {
  const { env, system, wanted } = search
  const { root, cached, report, warn, terminal, patience, signal } = options
  const hasOtherWay = cached.binary !== undefined || wanted === undefined
  try {
    const release = await obtainRelease({
      ...{
        root,
        wanted: wanted ?? defaultVersion,
        system,
        mirror: mirrorOf(env),
        env,
        report,
        terminal,
        patience,
        signal,
      },
      ...(hasOtherWay && { reachWithin }),
    })
    const { path, version } = release
    const source = path === cached.binary?.path ? 'cache' : 'installed'
    return { path, env: release.env, source, version }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof InstallError) && !(error instanceof VersionNotFoundError)) throw error
    if (cached.binary) {
      warn(`${error.summary}; Tarantool ${cached.binary.version} from the cache is used`)
      return cached.binary
    }
    if (wanted === undefined) return await fetchDistributed(error, search, options)
    throw explained(error, search, options.findings)
  }
}

function explained(error: InstallError | VersionNotFoundError, search: Search, findings: readonly string[]): Error {
  const hint = [error.hint, hintOf(findings, search, guidanceAfter(error, search))]
    .filter(part => part !== undefined)
    .join('\n')
  const details = { hint, logTail: error.logTail, cause: error.cause }
  if (error instanceof VersionNotFoundError)
    return new VersionNotFoundError(error.summary, {
      ...{ ...details, nearest: error.nearest, isElsewhere: error.isElsewhere },
    })
  return installFailure(error, details)
}

/** The same failure with other details. */
function installFailure(error: InstallError, details: ErrorDetails): InstallError {
  const { summary } = error
  return error instanceof DownloadError ? new DownloadError(summary, details) : new InstallError(summary, details)
}

async function fetchDistributed(
  failure: InstallError | VersionNotFoundError,
  search: Search,
  { root, findings, warn, signal }: FetchOptions,
): Promise<Binary> {
  const { system } = search
  const refusal = whyNotDistributed(search)
  const tried = [...findings, `install: ${failure.summary}`]
  if (refusal !== undefined) {
    const all = [...tried, `install: ${refusal}`]
    if (failure instanceof InstallError) throw explained(failure, search, all)
    throw new BinaryNotFoundError('No Tarantool was found', { hint: hintOf(all, search) })
  }
  const reason = `no tarantool found, and ${failure.summary}`
  try {
    const { path, env, version } = await installDistributed({ root, system, report: warn, reason, signal })
    noteUse(join(root, systemKey(system)))
    return { path, env, source: 'installed', version }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof InstallError)) throw error
    const all = [...tried, `install: the distribution's package: ${error.summary}`]
    if (!(failure instanceof InstallError)) throw explained(error, search, all)
    throw installFailure(failure, { hint: hintOf(all, search), logTail: error.logTail, cause: error })
  }
}
