import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Pool } from '../../src/broker/pool.ts'
import { InitScriptError, LeaseError, NotRunningError } from '../../src/errors.ts'
import { contentOf, temporaryDirectory } from '../support/instances.ts'
import { serversBelow } from '../support/processes.ts'
import { resolvedServer } from '../support/resolved.ts'

describe('a pool that is closed', () => {
  test('while a server starts', async () => {
    const root = temporaryDirectory()
    const pool = new Pool({ name: 'default', server: resolvedServer({}), root })
    pool.prestart(2)
    expect(await pool.close()).toEqual([])
    expect(serversBelow(root)).toEqual([])
    expect(contentOf(root)).toEqual([])
  })

  test('while a server that was given back restarts', async () => {
    const root = temporaryDirectory()
    const pool = new Pool({ name: 'default', server: resolvedServer({ isolation: 'restart' }), root })
    const { server, release } = await pool.lease(1)
    release()
    expect(await pool.close()).toEqual([])
    // Waits its turn behind whatever would still be going on.
    await expect(server.ensure()).rejects.toThrow(NotRunningError)
    expect(serversBelow(root)).toEqual([])
    expect(contentOf(root)).toEqual([])
  })

  test('leases nothing more', async () => {
    const root = temporaryDirectory()
    const pool = new Pool({ name: 'default', server: resolvedServer({}), root })
    await pool.close()
    await expect(pool.lease(1)).rejects.toThrow(LeaseError)
    expect(contentOf(root)).toEqual([])
  })
})

test('a start in the background that failed is told to the lease, and not tried again for it', async () => {
  const root = temporaryDirectory()
  const starts = join(root, 'starts')
  const appLua = `local file = io.open('${starts}', 'a') file:write('x') file:close() error('broken')`
  const pool = new Pool({ name: 'default', server: resolvedServer({ appLua }), root })
  pool.prestart(1)
  await expect(pool.lease(1)).rejects.toThrow(InitScriptError)
  expect(readFileSync(starts, 'utf8')).toBe('x')
  await pool.close()
})
