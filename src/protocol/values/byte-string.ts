import { recogniseCopies } from '../../copies.ts'

/**
 * A Lua string whose bytes are not valid UTF-8. No JavaScript string can hold such bytes.
 *
 * The class is a Uint8Array of the bytes. The fixture sends a ByteString to the server as a string (`mp_str`). It sends
 * any other Uint8Array as binary (`mp_bin`, a varbinary in Lua on 3.0 and later).
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
