import { recogniseCopies } from '../../copies.ts'
/**
 * A value of a MessagePack extension that this package does not know, as its bytes. It can be sent back.
 *
 * @example
 * new UnknownExtension(42, Uint8Array.of(1, 2, 3))
 */
export class UnknownExtension {
  static {
    recogniseCopies(UnknownExtension)
  }

  /** The number of the extension, -128 to 127. */
  readonly type: number
  /** The bytes after the extension's header. */
  readonly data: Uint8Array

  constructor(type: number, data: Uint8Array) {
    this.type = type
    this.data = data
    Object.freeze(this)
  }
}
