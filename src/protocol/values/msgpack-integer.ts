import { ProtocolError } from '../../errors.ts'

const SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/** A number while it is safe, else a bigint: how this package gives every integer of a server. */
export function toInteger(value: bigint): number | bigint {
  return value <= SAFE && value >= -SAFE ? Number(value) : value
}

/** Reads one MessagePack integer, and says where the next value begins. */
export function readInteger(bytes: Uint8Array, at: number): { value: number | bigint; next: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const head = view.getUint8(at)
  if (head < 0x80) return { value: head, next: at + 1 }
  if (head >= 0xe0) return { value: head - 0x100, next: at + 1 }
  switch (head) {
    case 0xcc:
      return { value: view.getUint8(at + 1), next: at + 2 }
    case 0xcd:
      return { value: view.getUint16(at + 1), next: at + 3 }
    case 0xce:
      return { value: view.getUint32(at + 1), next: at + 5 }
    case 0xcf:
      return { value: toInteger(view.getBigUint64(at + 1)), next: at + 9 }
    case 0xd0:
      return { value: view.getInt8(at + 1), next: at + 2 }
    case 0xd1:
      return { value: view.getInt16(at + 1), next: at + 3 }
    case 0xd2:
      return { value: view.getInt32(at + 1), next: at + 5 }
    case 0xd3:
      return { value: toInteger(view.getBigInt64(at + 1)), next: at + 9 }
    default:
      throw new ProtocolError(`Not an integer in MessagePack: 0x${head.toString(16)}`)
  }
}

/** The bytes of one MessagePack integer, as few as hold it. The value fits int64 or uint64. */
export function writeInteger(value: number | bigint): Uint8Array {
  const integer = BigInt(value)
  if (integer >= -0x20n && integer < 0x80n) return Uint8Array.of(Number(integer) & 0xff)
  const bytes = Buffer.alloc(9)
  if (integer < 0n) {
    if (integer >= -0x80n) return bytes.subarray(0, bytes.writeInt8(Number(integer), bytes.writeUInt8(0xd0)))
    if (integer >= -0x8000n) return bytes.subarray(0, bytes.writeInt16BE(Number(integer), bytes.writeUInt8(0xd1)))
    if (integer >= -0x80000000n) return bytes.subarray(0, bytes.writeInt32BE(Number(integer), bytes.writeUInt8(0xd2)))
    return bytes.subarray(0, bytes.writeBigInt64BE(integer, bytes.writeUInt8(0xd3)))
  }
  if (integer < 0x100n) return bytes.subarray(0, bytes.writeUInt8(Number(integer), bytes.writeUInt8(0xcc)))
  if (integer < 0x10000n) return bytes.subarray(0, bytes.writeUInt16BE(Number(integer), bytes.writeUInt8(0xcd)))
  if (integer < 0x100000000n) return bytes.subarray(0, bytes.writeUInt32BE(Number(integer), bytes.writeUInt8(0xce)))
  return bytes.subarray(0, bytes.writeBigUInt64BE(integer, bytes.writeUInt8(0xcf)))
}
