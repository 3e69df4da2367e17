import { recogniseCopies } from '../../copies.ts'
import { InvalidOptionError } from '../../errors.ts'

const textForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * A `uuid` of Tarantool (2.4.1 and later over the binary protocol).
 *
 * @example
 * const [id] = await tarantool.eval('return require("uuid").new()')
 * String(id) // 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'
 * await tarantool.call('find_user', new Uuid(crypto.randomUUID()))
 */
export class Uuid {
  static {
    recogniseCopies(Uuid)
  }

  /** 36 characters, in lower case. */
  readonly text: string

  /** @throws InvalidOptionError if the text is not a UUID with its four hyphens */
  constructor(text: string) {
    this.text = text.toLowerCase()
    if (!textForm.test(this.text)) throw new InvalidOptionError(`Not a UUID: ${JSON.stringify(text)}`)
    Object.freeze(this)
  }

  /** The UUID as text. */
  toString(): string {
    return this.text
  }

  /** The UUID as text. */
  toJSON(): string {
    return this.text
  }

  /** The 16 bytes, in the order of the text. @internal */
  toBytes(): Uint8Array {
    return Buffer.from(this.text.replaceAll('-', ''), 'hex')
  }

  /** Reads the bytes of `toBytes`. @internal */
  static fromBytes(bytes: Uint8Array): Uuid {
    const hex = Buffer.from(bytes).toString('hex')
    return new Uuid(hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))
  }
}
