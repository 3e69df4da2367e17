import type { Socket } from 'node:net'
import { ProtocolError } from '../errors.ts'
import { ReceiveBuffer } from '../protocol/receive-buffer.ts'

/** The maximum size of a message: 256 MB. Only a config with a large seed in code can come near this limit. */
const maxMessageSize: number = 256 * 2 ** 20

interface Receiver {
  onMessage(message: unknown): void
  /** A message is not JSON, or is too long. Nothing after it is read. */
  onBroken(error: ProtocolError): void
}

/** Calls back with each message from a socket. Each line is one JSON value. */
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
 * Sends a message. Drops the message if the socket has ended, since the other side notices that end anyway.
 *
 * @throws ProtocolError if the message is larger than the other side accepts
 */
export function writeMessage(socket: Socket, message: unknown): void {
  const text = stringify(message)
  // Each character takes at least one byte, so the cheap check of the length comes first.
  if (text === undefined || text.length > maxMessageSize) {
    throw new ProtocolError(`more than ${maxMessageSize / 2 ** 20} MB cannot be sent to the main process`, {
      hint: 'Put the rows of a large seed into a file (seed: "./rows.ndjson"), or move this config into the config of the run.',
    })
  }
  if (!socket.destroyed && socket.writable) socket.write(`${text}\n`)
}

// Undefined if the text would be longer than a string can be.
function stringify(message: unknown): string | undefined {
  try {
    return JSON.stringify(message)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
