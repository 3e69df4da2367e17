import type { Socket } from 'node:net'

/** Calls back with each message that comes over a socket, one JSON value a line. */
export function readMessages(socket: Socket, onMessage: (message: unknown) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onMessage(JSON.parse(line))
  })
}

/** Sends a message; one that can no longer be sent is dropped, since the socket's end tells the other side more. */
export function writeMessage(socket: Socket, message: unknown): void {
  if (!socket.destroyed && socket.writable) socket.write(`${JSON.stringify(message)}\n`)
}
