import { type Stats, statSync } from 'node:fs'
import { BinaryNotExecutableError, BinaryNotFoundError, NotTarantoolError, UnsupportedVersionError } from '../errors.ts'
import { compareVersions, oldestVersion, parseVersion, tryParseVersion, type Version } from '../version/version.ts'
import { askVersion } from './ask-version.ts'
import type { Binary } from './binary.ts'
import { installGuidance } from './guidance.ts'

const known = new Map<string, Promise<Version>>()

async function ask(binary: Binary, args: readonly string[]): Promise<Version> {
  const { output, spawnError, timedOut } = await askVersion(binary, args)
  const command = [binary.path, ...args, '--version'].join(' ')
  const hint = binary.source === 'cache' ? 'Remove its directory in the cache to have it installed again.' : undefined
  if (spawnError) {
    throw new BinaryNotExecutableError(`${binary.path} cannot be run on this machine: ${spawnError.message}`, {
      hint,
      cause: spawnError,
    })
  }
  const heading = /^Tarantool .*/m.exec(output)?.[0]
  const version = heading === undefined ? undefined : tryParseVersion(heading)
  if (!version) {
    const said = output.trim().split('\n').slice(0, 5).join('\n  ')
    const what = timedOut ? 'did not end within 5 s and was killed' : said ? `says:\n  ${said}` : 'says nothing'
    throw new NotTarantoolError(`${binary.path} (from ${binary.source}) is not Tarantool: \`${command}\` ${what}`, {
      hint,
    })
  }
  if (compareVersions(version, oldestVersion) < 0) {
    throw new UnsupportedVersionError(
      `${binary.path} is Tarantool ${version.text}; ${oldestVersion.text} or later is needed`,
      { hint: installGuidance() },
    )
  }
  return version
}

function statusOf({ path, source }: Binary): Stats {
  try {
    return statSync(path)
  } catch (cause) {
    throw new BinaryNotFoundError(`${path} (from ${source}) does not exist`, { cause })
  }
}

/**
 * The version of a binary, by `tarantool --version`: asked once per file (and again when the file has changed), and
 * concurrent callers share one process. A program that has not answered after 5 s is killed.
 *
 * @param options.commandArgs arguments before `--version`, for a binary that is a wrapper
 * @throws BinaryNotFoundError, BinaryNotExecutableError, NotTarantoolError, UnsupportedVersionError (before 1.10)
 * @example
 * const version = await binaryVersion(await locateBinary())
 * if (isAtLeast(version, 2, 10)) …
 */
export async function binaryVersion(
  binary: Binary,
  options: { commandArgs?: readonly string[] } = {},
): Promise<Version> {
  const args = options.commandArgs ?? []
  // An installed copy reported its version when it was made, and its files have not changed since.
  if (binary.version !== undefined && args.length === 0) return parseVersion(binary.version)
  const { mtimeMs, size, mode } = statusOf(binary)
  const key = JSON.stringify([binary.path, mtimeMs, size, mode, args, binary.env])
  let version = known.get(key)
  if (!version) {
    version = ask(binary, args)
    known.set(key, version)
    version.catch(() => known.delete(key))
  }
  return await version
}
