import { sharedValue } from '../shared-value.ts'
import { TarantoolVersion } from '../version/tarantool-version.ts'

/** The part of a runner's `expect` that is used here. Jest has `addEqualityTesters` from 29.4 on. */
export interface Expect {
  readonly addEqualityTesters?: (testers: ((a: unknown, b: unknown) => boolean | undefined)[]) => void
}

function textOf(value: unknown): string | undefined {
  if (value instanceof TarantoolVersion) return value.text
  return typeof value === 'string' || value instanceof String ? String(value) : undefined
}

/**
 * Returns true if a version and a text are equal. Returns undefined for other values, which the runner compares itself.
 */
function equalVersions(a: unknown, b: unknown): boolean | undefined {
  if (!(a instanceof TarantoolVersion || b instanceof TarantoolVersion)) return undefined
  const [left, right] = [textOf(a), textOf(b)]
  return left === undefined || right === undefined ? undefined : left === right
}

/** Makes `toEqual`, `toStrictEqual` and similar matchers treat a version and its text as equal, in both directions. */
export function compareVersionsAsTexts(expect: Expect): void {
  // The runner keeps testers beside the globals, which workers that are not isolated share between files.
  sharedValue('equal-versions', () => {
    expect.addEqualityTesters?.([equalVersions])
    return true
  })
}
