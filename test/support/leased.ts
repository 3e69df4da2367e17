import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import type { HeldServers } from '../../src/broker/hold/held-servers.ts'
import type { LeasableServer } from '../../src/broker/leasable-server.ts'
import { Pool } from '../../src/broker/pool.ts'
import type { ServerOptions } from '../../src/config/server-options.ts'
import type { ServerAddress } from '../../src/protocol/address.ts'
import { ServerConnections } from '../../src/protocol/connections.ts'
import { contentOf } from './instances.ts'
import { serversBelow } from './processes.ts'
import { resolvedServer } from './resolved.ts'

/** A leased server with its own directory. The directory must be empty after its pool is closed. */
export async function lease(
  options: ServerOptions = {},
  held?: HeldServers,
): Promise<{ server: LeasableServer; root: string; release: () => void }> {
  const root = mkdtempSync(join(tmpdir(), 'fixture-test-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const pool = new Pool({ name: 'default', server: resolvedServer({ root, ...options }), root, held })
  onTestFinished(async () => {
    expect([...(await pool.close()), ...((await held?.end()) ?? [])]).toEqual([])
    expect(serversBelow(root)).toEqual([])
    expect(contentOf(root)).toEqual([])
  })
  return { root, ...(await pool.lease(1)) }
}

/** What Lua returns that runs over the binary port, as in a test file. */
export async function evaluate(server: LeasableServer, lua: string): Promise<unknown[]> {
  return await evaluateAt(server.info().address, lua)
}

/** The same at the address of an instance. */
export async function evaluateAt(address: ServerAddress, lua: string): Promise<unknown[]> {
  const connections = new ServerConnections(address)
  try {
    return await connections.eval(lua, [])
  } finally {
    connections.close()
  }
}

/** A client of the code under test, which the fixture does not know. */
export async function open(server: LeasableServer): Promise<Socket> {
  const { host, port } = server.info()
  const socket = host === 'unix/' ? connect(String(port)) : connect(Number(port), host)
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'data')
  return socket
}
