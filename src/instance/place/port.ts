import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import getPort from 'get-port'
import { InvalidOptionError } from '../../errors.ts'
import { lockPort } from './port-lock.ts'
import { portRange } from './port-range.ts'

/** Reserves a port for this process until every holder has released it. */
export class PortReservation {
  readonly port: number

  constructor(port: number) {
    this.port = port
  }
}

const reserved = new Map<number, WeakRef<PortReservation>>()
const releases = new FinalizationRegistry<{ port: number; release: () => void }>(({ port, release }) => {
  if (!reserved.get(port)?.deref()) reserved.delete(port)
  release()
})

function reserve(port: number, release: () => void): PortReservation {
  const reservation = new PortReservation(port)
  reserved.set(port, new WeakRef(reservation))
  releases.register(reservation, { port, release })
  return reservation
}

/** The reservation of a port that this process already has, for a server that takes over another server's address. */
export function reservationOf(port: number): PortReservation | undefined {
  return reserved.get(port)?.deref()
}

const tries = 1000

// Resolves when the port was listened on, and is free again. Rejects with the system's error.
function listenOnce(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: host === '*' ? '0.0.0.0' : host, port, exclusive: true }, () => {
      // The port is free when close() returns.
      server.close()
      resolve()
    })
  })
}

const isTaken = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EADDRINUSE'

// get-port would list the machine's network interfaces for each port. With a range, it would try the same ports in the
// same order in each process.
async function isFree(host: string, port: number): Promise<boolean> {
  try {
    await listenOnce(host, port)
    return true
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
}

/** Ports that a concurrent reservation is checking. */
const looksAt = new Set<number>()

async function reserveIn(host: string): Promise<PortReservation> {
  const range = portRange()
  for (let attempt = 0; range && attempt < tries; attempt++) {
    const port = randomInt(range.from, range.to + 1)
    if (range.isExcluded(port) || reserved.has(port) || looksAt.has(port)) continue
    looksAt.add(port)
    const release = lockPort(port)
    try {
      if (release && (await isFree(host, port))) return reserve(port, release)
      release?.()
    } catch (error) {
      release?.()
      throw error
    } finally {
      looksAt.delete(port)
    }
  }
  // All ports are taken, or the machine leaves no range. Any free port is acceptable, including ports that other
  // processes may get.
  const port = await getPort({ host })
  return reserve(port, lockPort(port) ?? (() => {}))
}

/**
 * Reserves a TCP port that is free now. No other process of this user, and no connection, gets the port.
 *
 * @param host the address on which the port must be free. Default `'127.0.0.1'`.
 * @throws InvalidOptionError for an address that this machine does not have
 */
export async function reservePort(host: string = '127.0.0.1'): Promise<PortReservation> {
  try {
    return await reserveIn(host === '*' ? '0.0.0.0' : host)
  } catch (cause) {
    throw new InvalidOptionError(`no server can listen on '${host}': ${(cause as Error).message}`, { cause })
  }
}

/** True if no other server listens there now. */
export async function canListen(host: string, port: number): Promise<boolean> {
  return await listenOnce(host, port).then(
    () => true,
    (error: unknown) => !isTaken(error),
  )
}

const lastGiven: PortReservation[] = []
const mostGiven = 256

/** A TCP port that is free now. It is reserved against this user's other processes for a while. */
export async function freePort(host?: string): Promise<number> {
  const reservation = await reservePort(host)
  lastGiven.push(reservation)
  if (lastGiven.length > mostGiven) lastGiven.shift()
  return reservation.port
}
