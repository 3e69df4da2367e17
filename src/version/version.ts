import { NotTarantoolError } from '../errors.ts'

/** A version of Tarantool, such as 2.6.0. */
export interface Version {
  /** The version in the server's own form: `2.6.0-0-g47aa4e01e`. */
  readonly text: string
  /** 2 */
  readonly major: number
  /** 6 */
  readonly minor: number
  /** 0 */
  readonly patch: number
}

/** The oldest version that the fixture runs. */
export const oldestVersion: Version = { text: '1.10', major: 1, minor: 10, patch: 0 }

/**
 * Reads a version such as `2.6.0-0-g47aa4e01e`, or the first lines of what `tarantool --version` prints. Undefined if
 * the text contains no version.
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
 * Returns true if a version is the given one or a later one.
 *
 * @example if (isAtLeast(version, 2, 4, 1)) … // box.info.listen
 */
export function isAtLeast(version: Version, major: number, minor: number, patch = 0): boolean {
  return compareVersions(version, { text: '', major, minor, patch }) >= 0
}
