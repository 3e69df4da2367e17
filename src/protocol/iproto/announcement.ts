import type { Address } from '../address.ts'
import { now, randomBytes } from '../node-builtins.ts'
import { connectionFailed, openSocket } from '../socket.ts'
import { firstAnnounced, REQUEST } from './constants.ts'
import { encodeFrame } from './frames.ts'

const connectTimeout = 5000
const longestReply = 10_000

/** Whether a wait took its whole time. A timer may go off a moment before the clock says so. */
export const isUsedUp = (began: number, timeout: number): boolean => now() - began > timeout - 50

/** A connection that a server knows to be the fixture's, before it greets it. */
export interface Announcement {
  /** What the connection has to begin with: a ping whose reply nobody waits for. */
  readonly firstBytes: Uint8Array
  /** To be called when it is made, or not going to be. */
  end(): void
}

/**
 * Connects to a server so that its application hears nothing of it: no trigger on sessions runs (fixtures/boot/sessions.lua).
 * Where that cannot be arranged, the connection is made all the same.
 *
 * @param agent the console that only the fixture uses
 * @throws what `connect` throws; ConnectionError when the server does not answer
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
 * Announces a connection, over a console of its own: a command of the test's may hold up another one.
 *
 * @param timeout in milliseconds
 * @throws when the server does not answer
 */
export async function announce(agent: Address, timeout: number = connectTimeout): Promise<Announcement> {
  const { socket, remaining } = await openSocket(agent, { timeout })
  socket.on('error', () => {})
  const sync = (randomBytes(4).readUInt32BE() % firstAnnounced) + firstAnnounced
  const firstBytes = encodeFrame(REQUEST.ping, sync, new Map())
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
      socket.write(`package.loaded["tarantool-fixture"].announce("${firstBytes.toString('hex')}")\n`)
    })
    socket.unref()
    return { firstBytes, end: () => socket.destroy() }
  } catch (error) {
    socket.destroy()
    throw error
  }
}
