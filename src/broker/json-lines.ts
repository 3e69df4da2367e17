import type { Socket } from 'node:net'
import { ProtocolError } from '../errors.ts'
import { ReceiveBuffer } from '../protocol/receive-buffer.ts'

/** The most bytes that a message may have: 256 MB. Of what is sent, only a config with a seed in code gets large. */
const maxMessageSize: number = 256 * 2 ** 20

interface Receiver {
  onMessage(message: unknown): void
  /** What came is no message, or too long: nothing after it is read. */
  onBroken(error: ProtocolError): void
}

/** Calls back with each message that comes over a socket, one JSON value a line. */
export function readMessages(socket: Socket, { onMessage, onBroken }: Receiver, limit: number = maxMessageSize): void {
  const received = new ReceiveBuffer()
  const onData = (chunk: Buffer): void => {
    received.push(chunk)
    for (let line = received.takeThrough('\n'); line; line = received.takeThrough('\n')) {
      const message = parse(line)
      if (!message) {
        stop(new ProtocolError(`a message is not JSON: ${line.toString('utf8', 0, 100).trimEnd()}`))
        return
      }
      onMessage(message.value)
    }
    if (received.length > limit) stop(new ProtocolError(`a message has more than ${limit / 2 ** 20} MB`))
  }
  const stop = (error: ProtocolError): void => {
    socket.off('data', onData)
    onBroken(error)
  }
  socket.on('data', onData)
}

function parse(line: Buffer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(line.toString('utf8')) }
  } catch {
    return undefined
  }
}

/**
 * Sends a message; one that can no longer be sent is dropped, since the socket's end tells the other side more.
 *
 * @throws ProtocolError when it is larger than the other side takes
 */
export function writeMessage(socket: Socket, message: unknown): void {
  const text = stringify(message)
  // At least one byte for each character.
  if (text === undefined || text.length > maxMessageSize) {
    throw new ProtocolError(`more than ${maxMessageSize / 2 ** 20} MB cannot be sent to the main process`, {
      hint: 'Put the rows of a large seed into a file (seed: "./rows.ndjson"), or the config into that of the run.',
    })
  }
  if (!socket.destroyed && socket.writable) socket.write(`${text}\n`)
}

// Undefined where there is no text that long.
function stringify(message: unknown): string | undefined {
  try {
    return JSON.stringify(message)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
