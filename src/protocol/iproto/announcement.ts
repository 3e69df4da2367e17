import { now, random } from '../../node-builtins.ts'
import type { Address } from '../address.ts'
import { connectionFailed, openSocket } from '../socket.ts'
import { firstAnnounced, requestType } from './constants.ts'
import { encodeFrame } from './frames.ts'

const connectTimeout = 5000
const longestReply = 10_000

/** True if a wait took its full time. Allows 50 ms, since a timer may fire a moment before the clock shows the time. */
export const isUsedUp = (began: number, timeout: number): boolean => now() - began > timeout - 50

/** Tells a server, before its greeting, that a connection is the fixture's. */
export interface Announcement {
  /** The first bytes of the connection: a ping whose reply is ignored. */
  readonly firstBytes: Uint8Array
  /** Called after the connection was made or has failed. */
  end(): void
}

/**
 * Connects to a server without running the application's session triggers (fixtures/boot/sessions.lua). If the server
 * cannot suppress the triggers, connects anyway.
 *
 * @param agent the console that only the fixture uses
 * @throws the errors of `connect`; ConnectionError if the server does not answer
 */
export async function connectUnheard<Connection>(
  agent: Address,
  binary: Address,
  connect: (firstBytes: Uint8Array | undefined) => Promise<Connection>,
): Promise<Connection> {
  const began = now()
  const announcement = await announce(agent).catch(() => undefined)
  if (!announcement && isUsedUp(began, connectTimeout)) {
    throw connectionFailed(binary, `no greeting within ${connectTimeout} ms`)
  }
  try {
    return await connect(announcement?.firstBytes)
  } finally {
    announcement?.end()
  }
}

/**
 * Announces a connection. Uses a new console connection, since a command of a test may block an existing one.
 *
 * @param timeout in milliseconds
 * @throws if the server does not answer
 */
export async function announce(agent: Address, timeout: number = connectTimeout): Promise<Announcement> {
  const sync = Math.floor(random() * firstAnnounced) + firstAnnounced
  const firstBytes = encodeFrame(requestType.ping, sync, new Map())
  const command = `package.loaded["tarantool-fixture"].announce("${firstBytes.toString('hex')}")\n`
  // The server reads the command after its greeting.
  const { socket, remaining } = await openSocket(agent, { timeout, firstBytes: Buffer.from(command) })
  socket.on('error', () => {})
  try {
    await new Promise<void>((resolve, reject) => {
      let reply = ''
      socket.setTimeout(remaining, () => reject(new Error('no reply')))
      socket.on('close', () => reject(new Error('the console has ended')))
      socket.on('data', chunk => {
        reply += String(chunk)
        if (reply.endsWith('...\n')) resolve()
        else if (reply.length > longestReply) reject(new Error('a reply without an end'))
      })
      socket.ref()
    })
    socket.unref()
    return { firstBytes, end: () => socket.destroy() }
  } catch (error) {
    socket.destroy()
    throw error
  }
}
