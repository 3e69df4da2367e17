import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FailedStarts, kindOf } from '../../src/broker/failed-starts.ts'
import { Pool } from '../../src/broker/pool.ts'
import type { ServerOptions } from '../../src/config/server-options.ts'
import {
  BinaryNotFoundError,
  InitScriptError,
  LeaseError,
  PortTakenError,
  SeedError,
  StartTimeoutError,
  type TarantoolFixtureError,
} from '../../src/errors.ts'
import { temporaryDirectory } from '../support/instances.ts'
import { resolvedServer } from '../support/resolved.ts'

const broken = (port: number): InitScriptError =>
  new InitScriptError(`app.lua:3: boom (Tarantool[127.0.0.1:${port}] did not start)`, {
    instance: `Tarantool[127.0.0.1:${port}]`,
    luaFrames: ['app.lua:3: in main chunk'],
    logTail: ['last line'],
    hint: 'a hint',
  })

describe('telling', () => {
  test('once in full, then in one line that refers to that', () => {
    const starts = new FailedStarts()
    const first = broken(1)
    expect(starts.tell(first, join(process.cwd(), 'test/a.test.ts'))).toBe(first)
    const second = starts.tell(broken(2), '/b.test.ts') as InitScriptError
    expect(second).toBeInstanceOf(InitScriptError)
    expect(second.message).toBe('app.lua:3: boom (reported in full under test/a.test.ts) [ERR_TARANTOOL_INIT_SCRIPT]')
    starts.beginRun()
    const again = broken(3)
    expect(starts.tell(again, '/c.test.ts')).toBe(again)
  })

  test('other errors in full, and all where a file came too late', () => {
    const starts = new FailedStarts()
    const errors = [broken(1), new SeedError('rows.json:2: no'), new LeaseError('late'), new LeaseError('late')]
    expect(errors.map(error => starts.tell(error, 'a.test.ts'))).toEqual(errors)
  })
})

describe('another try', () => {
  const isTried = (error: TarantoolFixtureError, { before = false } = {}): boolean => {
    const starts = new FailedStarts()
    if (before) starts.cameUp('kind')
    starts.failed('kind', error)
    return starts.reason('kind') === undefined
  }

  test.each([
    [broken(1), false],
    [new SeedError('rows.json:2: no'), false],
    [new BinaryNotFoundError('nowhere'), false],
    [new PortTakenError('taken', { address: '127.0.0.1:1' }), true],
    [new StartTimeoutError('slow'), true],
  ])('after %s: %s', (error, tried) => {
    expect(isTried(error)).toBe(tried)
  })

  test('where one of its kind has come up', () => {
    expect(isTried(broken(1), { before: true })).toBe(true)
  })

  test('of another kind of server', () => {
    const kind = (options: ServerOptions, baseDir?: string): string => kindOf(resolvedServer(options, baseDir))
    const [a, b] = [temporaryDirectory(), temporaryDirectory()]
    for (const directory of [a, b]) writeFileSync(join(directory, 'a.lua'), '')
    expect(kind({ appLua: './a.lua' }, a)).toBe(kind({ appLua: './a.lua' }, a))
    expect(kind({ appLua: './a.lua' }, a)).not.toBe(kind({ appLua: './a.lua' }, b))
    expect(kind({ seed: { s: [[1n]] } })).not.toBe(kind({ seed: { s: [['1']] } }))
  })
})

describe('a pool', () => {
  const poolOf = (appLua: (starts: string) => string): { pool: Pool; starts: () => string } => {
    const root = temporaryDirectory()
    const log = join(root, 'starts')
    writeFileSync(log, '')
    const count = `local file = io.open('${log}', 'a') file:write('x') file:close()\n`
    const server = resolvedServer({ appLua: count + appLua(log) })
    const pool = new Pool({ name: 'default', server, root, maxServers: 2 })
    return { pool, starts: () => readFileSync(log, 'utf8') }
  }

  test('whose application is broken starts it once for each worker, however many files ask', async () => {
    const { pool, starts } = poolOf(() => `error('broken')`)
    pool.prestart(2)
    const leases = await Promise.allSettled([1, 2, 1, 2, 1, 2].map(slot => pool.lease(slot)))
    for (const lease of leases) expect(lease).toMatchObject({ status: 'rejected', reason: { file: 'appLua', line: 2 } })
    await expect(pool.lease(1)).rejects.toThrow(InitScriptError)
    expect(starts()).toBe('xx')
    expect(await pool.close()).toEqual([])
  })

  test('of which one server works starts others again', async () => {
    const { pool, starts } = poolOf(
      log =>
        `local file = io.open('${log}') local n = #file:read('*a') file:close() if n == 2 then error('second') end`,
    )
    const first = await pool.lease(1)
    await expect(pool.lease(2)).rejects.toThrow(InitScriptError)
    const third = await pool.lease(2)
    expect(starts()).toBe('xxx')
    first.release()
    third.release()
    expect(await pool.close()).toEqual([])
  })
})
