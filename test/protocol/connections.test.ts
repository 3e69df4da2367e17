import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConnectionError } from '../../src/errors.ts'
import type { Address } from '../../src/protocol/address.ts'
import { ServerConnections } from '../../src/protocol/connections.ts'
import { startServer } from './server.ts'

const requests = [
  ['call', (connections: ServerConnections) => connections.call('os.exit', [])],
  ['eval', (connections: ServerConnections) => connections.eval('os.exit()', [])],
  ['command', (connections: ServerConnections) => connections.command('os.exit()', {})],
] as const

// A runner shows a cause below its error. An error that is its own cause would be shown twice.
test.each(requests)('the cause of a %s without a server is the error of the system', async (_, send) => {
  const nowhere = { path: join(tmpdir(), 'nobody-listens.sock') }
  const error = await send(new ServerConnections({ binary: nowhere, console: nowhere })).catch(
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ConnectionError)
  expect(error).toMatchObject({ cause: { name: 'Error', code: 'ENOENT' } })
})

test.each(requests)('a %s whose connection ends has no other error as its cause', async (_, send) => {
  const server = await startServer()
  const fingerprint = 'Tarantool one[here]'
  const [binary, console] = [server.iproto, server.console].map(address => ({ ...address, fingerprint }))
  const connections = new ServerConnections({ binary: binary as Address, console: console as Address })
  const error = await send(connections).catch((reason: unknown) => reason)
  await server.stop()
  expect(error).toBeInstanceOf(ConnectionError)
  expect((error as ConnectionError).summary).toContain(`The connection to ${fingerprint} `)
  // The system may say that the connection was reset.
  expect((error as ConnectionError).cause).not.toBeInstanceOf(ConnectionError)
})
