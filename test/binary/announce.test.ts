import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { announceBinary, announceImage } from '../../src/binary/announce.ts'
import type { Binary } from '../../src/binary/binary.ts'
import { parseVersion } from '../../src/version/version.ts'
import { temporaryDirectory, writeTarantool } from './programs.ts'

let path = ''
const said: string[] = []

beforeEach(() => {
  path = writeTarantool(join(temporaryDirectory(), 'tarantool'))
  said.length = 0
})

function announce(
  source: Binary['source'],
  options: { env?: NodeJS.ProcessEnv; quiet?: boolean; inWorker?: boolean } = {},
): void {
  const binary: Binary = { path, env: {}, source }
  announceBinary(binary, parseVersion('3.8.0-0-g1'), {
    report: line => said.push(line),
    inWorker: false,
    env: {},
    ...options,
  })
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
  announce('cache', { inWorker: true })
  announce('cache', { quiet: true })
  expect(said).toEqual([])
})

test('an image is said once, and not in workers, nor when quiet', () => {
  const say = (options: { quiet?: boolean; inWorker?: boolean } = {}): void =>
    announceImage('tnt:3', 'podman', { report: line => said.push(line), inWorker: false, ...options })
  say({ quiet: true })
  say({ inWorker: true })
  expect(said).toEqual([])
  say()
  say()
  expect(said).toEqual(['Tarantool from the image tnt:3, run by podman'])
})
