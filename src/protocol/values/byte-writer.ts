/** Writes MessagePack into memory that grows as needed. */
export class ByteWriter {
  #bytes: Buffer = Buffer.allocUnsafe(256)
  #length = 0

  /** The written bytes. They share the writer's memory, so do not use the writer afterwards. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  byte(value: number): void {
    const at = this.#grow(1)
    this.#bytes[at] = value
  }

  append(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** Writes a text in UTF-8. `size` is the number of its bytes, which the caller has computed. */
  text(text: string, size: number): void {
    const at = this.#grow(size)
    this.#bytes.write(text, at, size, 'utf8')
  }

  /** Writes a short ASCII text with a head of one byte. Returns false if the text is not short or not ASCII. */
  shortText(text: string, head: number): boolean {
    const begin = this.#length
    let at = this.#grow(text.length + 1)
    this.#bytes[at] = head | text.length
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i)
      at += 1
      this.#bytes[at] = code
      if (code >= 0x80) {
        this.#length = begin
        return false
      }
    }
    return true
  }

  unsigned(value: number, size: 1 | 2 | 4): void {
    const at = this.#grow(size)
    if (size === 1) this.#bytes[at] = value
    else if (size === 2) this.#bytes.writeUInt16BE(value, at)
    else this.#bytes.writeUInt32BE(value, at)
  }

  double(value: number): void {
    const at = this.#grow(9)
    this.#bytes[at] = 0xcb
    this.#bytes.writeDoubleBE(value, at + 1)
  }

  /** Writes an integer in the shortest form. The value must fit int64 or uint64. */
  integer(value: number | bigint): void {
    if (value >= -0x20 && value < 0x80) this.byte(Number(value))
    else if (value < 0) this.#negative(value)
    else this.#positive(value)
  }

  #positive(value: number | bigint): void {
    if (value < 0x100) this.#short(0xcc, Number(value), 1)
    else if (value < 0x10000) this.#short(0xcd, Number(value), 2)
    else if (value < 0x100000000) this.#short(0xce, Number(value), 4)
    else this.#long(0xcf, BigInt(value))
  }

  #negative(value: number | bigint): void {
    if (value >= -0x80) this.#short(0xd0, Number(value) + 0x100, 1)
    else if (value >= -0x8000) this.#short(0xd1, Number(value) + 0x10000, 2)
    else if (value >= -0x80000000) this.#short(0xd2, Number(value) + 0x100000000, 4)
    else this.#long(0xd3, BigInt.asUintN(64, BigInt(value)))
  }

  #short(head: number, value: number, size: 1 | 2 | 4): void {
    this.byte(head)
    this.unsigned(value, size)
  }

  #long(head: number, value: bigint): void {
    const at = this.#grow(9)
    this.#bytes[at] = head
    this.#bytes.writeBigUInt64BE(value, at + 1)
  }

  // Returns the position for the next bytes.
  #grow(size: number): number {
    const at = this.#length
    const needed = at + size
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
      grown.set(this.bytes())
      this.#bytes = grown
    }
    this.#length = needed
    return at
  }
}
