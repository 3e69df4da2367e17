import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { announceBinary } from '../../src/binary/announce.ts'
import type { Binary } from '../../src/binary/binary.ts'
import { parseVersion } from '../../src/binary/version.ts'
import { temporaryDirectory, writeTarantool } from './programs.ts'

let path = ''
const said: string[] = []

beforeEach(() => {
  path = writeTarantool(join(temporaryDirectory(), 'tarantool'))
  said.length = 0
})

function announce(source: Binary['source'], options: { env?: NodeJS.ProcessEnv; quiet?: boolean } = {}): void {
  const binary: Binary = { path, env: {}, source }
  announceBinary(binary, parseVersion('3.8.0-0-g1'), { report: line => said.push(line), env: {}, ...options })
}

test.each([
  ['commandToRun', 'commandToRun'],
  ['TARANTOOL_BIN', 'TARANTOOL_BIN'],
  ['cache', 'the cache'],
  ['installed', 'the cache'],
] as const)('a Tarantool from %s is said once', (source, from) => {
  announce(source)
  announce(source)
  expect(said).toEqual([`Tarantool 3.8.0-0-g1 from ${from}: ${path}`])
})

test('nothing is said of the one on PATH, however it was named, nor in workers, nor when quiet', () => {
  announce('PATH')
  announce('TARANTOOL_BIN', { env: { PATH: `/nowhere:${join(path, '..')}` } })
  announce('cache', { env: { VITEST_WORKER_ID: '1' } })
  announce('cache', { env: { JEST_WORKER_ID: '1' } })
  announce('cache', { quiet: true })
  expect(said).toEqual([])
})
