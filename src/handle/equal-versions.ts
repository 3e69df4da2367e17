import { sharedValue } from '../shared-value.ts'
import { TarantoolVersion } from '../version/tarantool-version.ts'

/** The `expect` of a runner, as far as it is used here. Jest has `addEqualityTesters` since 29.4. */
export interface Expect {
  readonly addEqualityTesters?: (testers: ((a: unknown, b: unknown) => boolean | undefined)[]) => void
}

function textOf(value: unknown): string | undefined {
  if (value instanceof TarantoolVersion) return value.text
  return typeof value === 'string' || value instanceof String ? String(value) : undefined
}

/** Whether a version and a text are equal; undefined for other values, which the runner compares itself. */
function equalVersions(a: unknown, b: unknown): boolean | undefined {
  if (!(a instanceof TarantoolVersion || b instanceof TarantoolVersion)) return undefined
  const [left, right] = [textOf(a), textOf(b)]
  return left === undefined || right === undefined ? undefined : left === right
}

/** Makes `toEqual`, `toStrictEqual` and the like take a version for equal to its text, from both sides. */
export function compareVersionsAsTexts(expect: Expect): void {
  // Testers are kept beside the globals, which workers that are not isolated share between files.
  sharedValue('equal-versions', () => {
    expect.addEqualityTesters?.([equalVersions])
    return true
  })
}
