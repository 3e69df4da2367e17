import { recogniseCopies } from '../../copies.ts'

/**
 * A Lua string whose bytes are not valid UTF-8, so that no JavaScript string can hold it.
 *
 * It is a Uint8Array of the bytes. Unlike another Uint8Array, which is binary (`mp_bin`, a varbinary in Lua on 3.0 and
 * later), it goes back to the server as a string (`mp_str`).
 *
 * @example
 * const [bytes] = await tarantool.eval('return "\\255"') // ByteString [255]
 * await tarantool.eval('return #...', ByteString.of(0xff, 0xfe)) // [2]
 */
export class ByteString extends Uint8Array {
  static {
    recogniseCopies(ByteString)
  }
}
