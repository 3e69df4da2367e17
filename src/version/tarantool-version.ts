import { recogniseCopies } from '../copies.ts'
import { InvalidOptionError } from '../errors.ts'
import { isAtLeast, parseVersion, type Version } from './version.ts'

const known = new Map<string, TarantoolVersion>()

const isPart = (part: unknown): boolean => Number.isInteger(part) && (part as number) >= 0

/**
 * The version of a server: a text that can be compared.
 *
 * It is a `String` object, because a plain string cannot have a method without one on every string of the test process.
 * Template literals, the methods of strings, JSON, `==`, `console.log` and Lua take it for its text. So do `toEqual` and
 * snapshots in test files of a run with the fixture's setup. Code that needs a primitive string needs `version.text`:
 * `===`, `typeof`, `toBe`, `toMatch`, `const v: string`, `path.join`, `semver`.
 *
 * @example
 * const version = tarantool.version() // of a handle: tarantool.version
 * console.log(`on ${version}`) // on 3.8.0-0-g47aa4e01e
 * version.isAtLeast(2, 11) // true
 * version.startsWith('3.') // true
 * version.text === '3.8.0-0-g47aa4e01e' // true
 */
export class TarantoolVersion extends String implements Version {
  static {
    recogniseCopies(TarantoolVersion)
    // console.log() prints what this method returns. The types of a class cannot have a method of that name.
    Object.defineProperty(TarantoolVersion.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: TarantoolVersion): string {
        return this.text
      },
    })
  }

  declare readonly text: string
  declare readonly major: number
  declare readonly minor: number
  declare readonly patch: number

  private constructor(text: string) {
    const version = parseVersion(text)
    super(text)
    // Hidden: a matcher that compares properties sees the characters of the text only.
    for (const [name, value] of Object.entries({ ...version, text })) Object.defineProperty(this, name, { value })
  }

  /**
   * The version for a text. The same text gives the same object, so `===` works between the versions of two servers.
   *
   * @param text as the server spells it
   * @throws NotTarantoolError if the text is no version
   * @internal
   */
  static of(text: string): TarantoolVersion {
    const version = known.get(text) ?? new TarantoolVersion(text)
    known.set(text, version)
    return version
  }

  /**
   * Returns true if the server has the given version or a later one.
   *
   * @param patch default 0
   * @throws InvalidOptionError if a part is not a whole number
   * @example
   * const hasFiberSlices = tarantool.version().isAtLeast(2, 11)
   */
  isAtLeast(major: number, minor = 0, patch = 0): boolean {
    if ([major, minor, patch].every(isPart)) return isAtLeast(this, major, minor, patch)
    const given = [major, minor, patch].map(part => JSON.stringify(part) ?? String(part)).join(', ')
    throw new InvalidOptionError(`isAtLeast(${given}): the parts of a version must be whole numbers`, {
      hint: 'For example isAtLeast(2, 11), or isAtLeast(3, 8, 1) with a patch release.',
    })
  }

  /** The text, for JSON and for what Vitest and Jest print: their printers would list a String object's characters. */
  toJSON(): string {
    return this.text
  }
}
