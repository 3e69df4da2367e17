import { connect, now } from '../node-builtins.ts'
import type { ServerAddress } from './address.ts'
import { announce, isUsedUp } from './iproto/announcement.ts'

// In milliseconds.
const announcedWithin = 500
const greetedWithin = 5000

/**
 * Returns true if no process listens at a server's address any more. From 2.10 on, an exiting server stops listening at
 * once. It runs for up to three seconds more, so that requests can end.
 *
 * @see https://www.tarantool.io/en/doc/latest/reference/reference_lua/box_ctl/on_shutdown/
 */
export async function refusesConnections({ binary, console }: ServerAddress): Promise<boolean> {
  const began = now()
  const announcement = await announce(console, announcedWithin).catch(() => undefined)
  // The server is busy or paused, so it still listens. Without an announcement, its application would notice the
  // connection.
  if (!announcement && isUsedUp(began, announcedWithin)) return false
  return await new Promise(resolve => {
    const socket = connect(binary)
    // Waits until the server has recognized the connection as the fixture's.
    const end = (): void => {
      socket.destroy()
      announcement?.end()
    }
    if (announcement) socket.write(announcement.firstBytes)
    else socket.once('connect', end)
    socket.once('connect', () => {
      socket.unref()
      resolve(false)
    })
    socket.setTimeout(greetedWithin, end)
    socket.once('data', end)
    socket.once('close', end)
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED' || code === 'ENOENT'))
  })
}
