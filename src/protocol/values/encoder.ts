import { types } from 'node:util'
import { ByteString } from './byte-string.ts'
import { ByteWriter } from './byte-writer.ts'
import { maxDepth } from './decoder.ts'
import { toExtension } from './extensions.ts'

/** Encodes values as MessagePack, one after another. */
export class Encoder {
  readonly #writer: ByteWriter
  #depth: number

  constructor(writer: ByteWriter, depth = 0) {
    this.#writer = writer
    this.#depth = depth
  }

  /** Encodes a value. @throws TypeError, RangeError for a value that MessagePack cannot represent */
  write(value: unknown): void {
    const writer = this.#writer
    if (value === undefined || value === null) writer.byte(0xc0)
    else if (typeof value === 'string') this.#string(value)
    else if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'boolean') writer.byte(value ? 0xc3 : 0xc2)
    else if (typeof value === 'object') this.#object(value)
    else if (typeof value === 'bigint') this.#bigint(value)
    else throw new TypeError(`a ${typeof value} has no form in MessagePack`)
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value)) this.#writer.integer(value)
    else this.#writer.double(value)
  }

  #bigint(value: bigint): void {
    if (value < -(2n ** 63n) || value >= 2n ** 64n) throw new RangeError(`${value} has more than 64 bits`)
    this.#writer.integer(value)
  }

  #string(text: string): void {
    if (text.length < 0x20 && this.#writer.shortText(text, 0xa0)) return
    if (/\p{Surrogate}/u.test(text)) throw new RangeError('a string with half a surrogate pair has no UTF-8 form')
    const size = Buffer.byteLength(text)
    this.#stringHead(size)
    this.#writer.text(text, size)
  }

  #stringHead(size: number): void {
    if (size < 0x20) this.#writer.byte(0xa0 | size)
    else this.#head([0xd9, 0xda, 0xdb], size)
  }

  #object(value: object): void {
    this.#depth += 1
    if (this.#depth > maxDepth) throw new RangeError(`it is nested deeper than ${maxDepth} levels, or contains itself`)
    if (Array.isArray(value)) this.#array(value)
    else if (ArrayBuffer.isView(value)) this.#bytes(value)
    else if (types.isMap(value)) this.#map(value)
    else this.#extensionOrRecord(value)
    this.#depth -= 1
  }

  #array(items: readonly unknown[]): void {
    if (items.length < 0x10) this.#writer.byte(0x90 | items.length)
    else this.#head([undefined, 0xdc, 0xdd], items.length)
    for (const item of items) this.write(item)
  }

  #bytes(view: ArrayBufferView): void {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    if (view instanceof ByteString) this.#stringHead(bytes.length)
    else this.#head([0xc4, 0xc5, 0xc6], bytes.length)
    this.#writer.append(bytes)
  }

  #map(map: ReadonlyMap<unknown, unknown>): void {
    this.#mapHead(map.size)
    for (const [key, value] of map) {
      this.write(key)
      this.write(value)
    }
  }

  #mapHead(size: number): void {
    if (size < 0x10) this.#writer.byte(0x80 | size)
    else this.#head([undefined, 0xde, 0xdf], size)
  }

  #extensionOrRecord(value: object): void {
    const extension = toExtension(value, nested => this.#nested(nested))
    if (extension) this.#extension(extension.type, extension.data)
    // A server's version is such a string, and a client may get it back as a parameter.
    else if (types.isStringObject(value)) this.#string(String(value))
    else this.#record(value)
  }

  #extension(type: number, data: Uint8Array): void {
    const fixed = [1, 2, 4, 8, 16].indexOf(data.length)
    if (fixed >= 0) this.#writer.byte(0xd4 + fixed)
    else this.#head([0xc7, 0xc8, 0xc9], data.length)
    this.#writer.byte(type & 0xff)
    this.#writer.append(data)
  }

  #nested(value: unknown): Uint8Array {
    const writer = new ByteWriter()
    new Encoder(writer, this.#depth).write(value)
    return writer.bytes()
  }

  #record(value: object): void {
    // Without this check, a Set, a RegExp or a Promise would be encoded as an empty map.
    const tag = Object.prototype.toString.call(value)
    if (tag !== '[object Object]') throw new TypeError(`${tag} has no form in MessagePack`)
    const record = value as Readonly<Record<string, unknown>>
    const keys = Object.keys(record).filter(key => record[key] !== undefined)
    this.#mapHead(keys.length)
    for (const key of keys) {
      this.#string(key)
      this.write(record[key])
    }
  }

  // Writes the head of a value, with the size in one, two or four bytes.
  #head([in8, in16, in32]: readonly [number | undefined, number, number], size: number): void {
    const [head, width] =
      size < 0x100 && in8 !== undefined
        ? ([in8, 1] as const)
        : size < 0x10000
          ? ([in16, 2] as const)
          : ([in32, 4] as const)
    this.#writer.byte(head)
    this.#writer.unsigned(size, width)
  }
}
