import type { Socket } from 'node:net'
import { ConnectionError } from '../errors.ts'
import { clearTimeout, connect, now, setTimeout } from '../node-builtins.ts'
import { type Address, formatAddress, type NamedAddress } from './address.ts'

const greetingSize = 128

/** The default `timeout` of a connection, in milliseconds. */
const defaultConnectTimeout = 5000

/** The options of every `connect`. */
export interface ConnectOptions {
  /**
   * The longest time until the connection is usable, in milliseconds, with greeting and authentication. Default 5000.
   */
  timeout?: number | undefined
  /** Ends the attempt to connect when the signal aborts. */
  signal?: AbortSignal | undefined
  /** Bytes that are sent at once, before the server's greeting. */
  firstBytes?: Uint8Array | undefined
}

/** A connected socket, with the 128 bytes that Tarantool sends first. */
export interface GreetedSocket {
  socket: Socket
  greeting: string
  /** The milliseconds of `timeout` that are left after the greeting. */
  remaining: number
}

/**
 * Connects and reads the greeting. Bytes after the greeting stay in the socket, for a `data` listener. The socket does
 * not keep Node alive.
 *
 * @throws ConnectionError if nobody listens, no greeting comes in time, or the greeting is not Tarantool's
 */
export async function openSocket(address: Address, options: ConnectOptions = {}): Promise<GreetedSocket> {
  const { timeout = defaultConnectTimeout, signal, firstBytes } = options
  signal?.throwIfAborted()
  const began = now()
  const socket = 'path' in address ? connect(address.path) : connect(address.port, address.host)
  socket.setNoDelay(true)
  if (firstBytes) socket.write(firstBytes)
  try {
    const greeting = await readGreeting(socket, address, timeout, signal)
    if (!greeting.startsWith('Tarantool ')) {
      throw connectionFailed(
        address,
        `the program that answers there is not Tarantool; it says ${JSON.stringify(greeting.slice(0, 40))}`,
      )
    }
    socket.unref()
    return { socket, greeting, remaining: Math.max(1, timeout - (now() - began)) }
  } catch (error) {
    // The error that is thrown here already reports the socket's errors.
    socket.on('error', () => {})
    socket.destroy()
    throw error
  }
}

function readGreeting(
  socket: Socket,
  address: Address,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(connectionFailed(address, `no greeting within ${timeout} ms`)), timeout)
    const onReadable = (): void => {
      const bytes: Buffer | null = socket.read(greetingSize)
      if (bytes === null) return
      // At the end of a stream, read() returns the rest, however short.
      if (bytes.length < greetingSize)
        finish(connectionFailed(address, 'the server ended the connection in its greeting'))
      else finish(undefined, bytes.toString('latin1'))
    }
    const onError = (cause: Error): void => finish(connectionFailed(address, cause.message, cause))
    const onClose = (): void => finish(connectionFailed(address, 'the server ended the connection before its greeting'))
    const onAbort = (): void => finish(signal?.reason)
    function finish(error: unknown, greeting = ''): void {
      clearTimeout(timer)
      socket.off('readable', onReadable).off('error', onError).off('end', onClose).off('close', onClose)
      signal?.removeEventListener('abort', onAbort)
      if (error === undefined) resolve(greeting)
      else reject(error)
    }
    socket.on('readable', onReadable).on('error', onError).on('end', onClose).on('close', onClose)
    signal?.addEventListener('abort', onAbort)
  })
}

/** The error of a connection that could not be opened. */
export function connectionFailed(address: Address, why: string, cause?: unknown): ConnectionError {
  const instance = fingerprint(address)
  return new ConnectionError(`Cannot connect to ${instance}: ${why}`, { instance, cause })
}

/** The name in errors of the server at an address: `Tarantool[127.0.0.1:3301]`. */
export function fingerprint(address: NamedAddress): string {
  return address.fingerprint ?? `Tarantool[${formatAddress(address)}]`
}
