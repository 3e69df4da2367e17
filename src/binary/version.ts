import { stat } from 'node:fs/promises'
import { BinaryNotExecutableError, BinaryNotFoundError, NotTarantoolError, UnsupportedVersionError } from '../errors.ts'
import { askVersion } from './ask-version.ts'
import { installGuidance } from './guidance.ts'
import type { Binary } from './sources.ts'

/** A version of Tarantool, such as 2.6.0. */
export interface Version {
  /** As the server spells it: `2.6.0-0-g47aa4e01e`. */
  readonly text: string
  /** 2 */
  readonly major: number
  /** 6 */
  readonly minor: number
  /** 0 */
  readonly patch: number
}

/**
 * Reads a version such as `2.6.0-0-g47aa4e01e`, or the first lines of what `tarantool --version` prints. Undefined where
 * the text holds none.
 *
 * @example parseVersion('Tarantool Enterprise 3.0.0-0-g4a5b6c7d8').major // 3
 */
export function tryParseVersion(text: string): Version | undefined {
  const match = /^(?:Tarantool (?:Enterprise )?)?v?((\d+)\.(\d+)(?:\.(\d+))?[^\s,]*)/m.exec(text)
  if (!match) return undefined
  const [, version = '', major, minor, patch] = match
  return { text: version, major: Number(major), minor: Number(minor), patch: Number(patch ?? 0) }
}

/**
 * Reads a version such as `2.6.0-0-g47aa4e01e`.
 *
 * @throws NotTarantoolError if the text is no version.
 * @example parseVersion('2.11.1-0-g96877bd35').minor // 11
 */
export function parseVersion(text: string): Version {
  const version = tryParseVersion(text)
  if (!version) throw new NotTarantoolError(`${JSON.stringify(text)} is not a version of Tarantool`)
  return version
}

/** Orders two versions by major, minor and patch: negative if `a` is the older one. Fit for `Array.sort`. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch
}

/**
 * Whether a version is the given one or a later one.
 *
 * @example if (isAtLeast(version, 2, 4, 1)) … // box.info.listen
 */
export function isAtLeast(version: Version, major: number, minor: number, patch = 0): boolean {
  return compareVersions(version, { text: '', major, minor, patch }) >= 0
}

const oldest = [1, 10] as const
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
  if (!isAtLeast(version, ...oldest)) {
    throw new UnsupportedVersionError(
      `${binary.path} is Tarantool ${version.text}; ${oldest.join('.')} or later is needed`,
      { hint: installGuidance() },
    )
  }
  return version
}

/**
 * The version of a binary, by `tarantool --version`: asked once per file (and again when the file has changed), and
 * concurrent callers share one process. A program that has not answered after 5 s is killed.
 *
 * @param options.commandArgs what goes before `--version`, for a binary that is a wrapper.
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
  const file = await stat(binary.path).catch((cause: unknown) => {
    throw new BinaryNotFoundError(`${binary.path} (from ${binary.source}) does not exist`, { cause })
  })
  const key = JSON.stringify([binary.path, file.mtimeMs, file.size, file.mode, args, binary.env])
  let version = known.get(key)
  if (!version) {
    version = ask(binary, args)
    known.set(key, version)
    version.catch(() => known.delete(key))
  }
  return await version
}
