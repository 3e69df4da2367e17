const END = '\n...\n'

/**
 * Cuts what a console sends into its YAML documents, however TCP has cut it.
 *
 * Each ends in a line of three dots. No value of ours can hold such a line: `fixtures/agent/command.lua` answers
 * in base64, and Tarantool indents or quotes the strings of what else comes (`box.session.push`).
 */
export class DocumentReader {
  #chunks: Buffer[] = []
  // The last bytes of the chunks before: a terminator may be cut, too.
  #tail = ''

  /** The documents that this chunk completes, terminators included. */
  push(chunk: Buffer): string[] {
    const documents: string[] = []
    let rest = chunk
    for (;;) {
      const text = this.#tail + rest.toString('latin1')
      const at = text.indexOf(END)
      if (at < 0) {
        this.#tail = text.slice(-(END.length - 1))
        if (rest.length > 0) this.#chunks.push(rest)
        return documents
      }
      const end = at + END.length - this.#tail.length
      this.#chunks.push(rest.subarray(0, end))
      // Decoded whole, so that no character is cut.
      documents.push(Buffer.concat(this.#chunks).toString('utf8'))
      this.#chunks = []
      this.#tail = ''
      rest = rest.subarray(end)
    }
  }
}
