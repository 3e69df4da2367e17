import { ReceiveBuffer } from '../receive-buffer.ts'
import { maxReplySize, replyTooBig } from '../reply-limit.ts'

const documentEnd = '\n...\n'

/**
 * Cuts the output of a console into YAML documents. TCP may have split it anywhere.
 *
 * Each document ends in a line of three dots. A document's contents cannot contain such a line:
 * `fixtures/agent/command.lua` answers in base64, and Tarantool indents or quotes the strings of other output
 * (`box.session.push`).
 */
export class DocumentReader {
  readonly #instance: string
  readonly #limit: number
  readonly #received: ReceiveBuffer = new ReceiveBuffer()

  constructor(instance: string, limit: number = maxReplySize) {
    this.#instance = instance
    this.#limit = limit
  }

  /**
   * The documents that this chunk completes, terminators included. Each is cut out when the caller asks for it.
   *
   * @throws ProtocolError if a document is too large. Nothing after it can be read
   */
  *push(chunk: Buffer): Generator<Buffer, void, unknown> {
    this.#received.push(chunk)
    for (;;) {
      const document = this.#received.takeThrough(documentEnd)
      if (!document) break
      yield document
    }
    if (this.#received.length > this.#limit) throw replyTooBig(this.#instance, this.#limit)
  }
}
