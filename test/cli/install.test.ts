import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { execaNode } from 'execa'
import { beforeEach, expect, test } from 'vitest'
import { currentSystem } from '../../src/binary/system.ts'
import { linkPrograms } from '../binary/programs.ts'
import { buildPackage } from '../binary/release/packages.ts'
import { Vendor } from '../binary/release/vendor.ts'
import { temporaryDirectory } from '../support/instances.ts'

const { architecture } = currentSystem()
let vendor: Vendor
let env: NodeJS.ProcessEnv = {}
let directory = ''

beforeEach(async () => {
  directory = temporaryDirectory()
  vendor = await Vendor.start()
  vendor.add('series-3/linux-deb', [
    buildPackage({ version: '3.8.0-1', architecture }),
    buildPackage({ version: '3.9.1-1', architecture }),
  ])
  const cache = join(directory, 'cache')
  // Without the Tarantool of this machine.
  const bin = join(directory, 'bin')
  linkPrograms(bin, ['sh', 'tar'])
  env = {
    ...{ PATH: bin, TARANTOOL_BIN: '', no_proxy: '*' },
    ...{ TARANTOOL_FIXTURE_MIRROR: vendor.url, TARANTOOL_FIXTURE_CACHE: cache },
  }
})

const cli = (...args: string[]) => execaNode('dist/cli/index.js', args, { reject: false, env })

test('install prints the path on stdout, and all else on stderr', async () => {
  const path = join(directory, `cache/releases/3.9.1-linux-${architecture}/usr/bin/tarantool`)
  const first = await cli('install', '3')
  expect([first.stdout, first.exitCode]).toEqual([path, 0])
  expect(first.stderr.split('\n')).toEqual([
    expect.stringMatching(/^tarantool-fixture: downloading Tarantool 3\.9\.1 \(0\.0 MB\) from http/),
    `tarantool-fixture: Tarantool 3.9.1 from the cache: ${path}`,
  ])
  const { length } = vendor.requests
  const second = await cli('install', '3.9.1')
  expect([second.stdout, second.stderr.split('\n').length, second.exitCode]).toEqual([path, 1, 0])
  expect(vendor.requests).toHaveLength(length)
})

test('cache lists and clears what was installed', async () => {
  await cli('install', '3')
  await cli('install', '3.8')
  const { stdout } = await cli('cache')
  const lines = stdout.split('\n').slice(1)
  expect(lines[0]).toBe(`${join(directory, 'cache')}: 2 Tarantools, 1 kB`)
  const line = (version: string): unknown =>
    expect.stringMatching(
      new RegExp(`^ +\\d kB  [-\\d]{10} \\d\\d:\\d\\d +Tarantool ${version} \\(${version}-linux-${architecture}\\)$`),
    )
  const byVersion = (a = '', b = ''): number => (a.slice(a.indexOf('T')) < b.slice(b.indexOf('T')) ? -1 : 1)
  expect(lines.slice(1).sort(byVersion)).toEqual([line('3.8.0'), line('3.9.1')])
  rmSync(join(directory, `cache/releases/3.8.0-linux-${architecture}/manifest.json`))
  expect((await cli('cache')).stdout).toContain(`a damaged Tarantool (3.8.0-linux-${architecture})`)
  expect((await cli('cache', 'clear')).stdout).toContain(`${join(directory, 'cache')}: removed 2 Tarantools`)
  expect((await cli('cache')).stdout).toContain(': 0 Tarantools, 0 kB')
})

test.each([
  [['install', 'three'], 2, /^tarantool-fixture: version is "three", which is not a version/],
  [['install', '3', '2.11'], 2, /too many arguments for 'install'/],
  [['install', '--fast'], 2, /unknown option '--fast'\nRun tarantool-fixture --help/],
  [['install', '3.7'], 1, /^tarantool-fixture: there is no Tarantool 3\.7 in .*\nNearest releases: 3\.8\.0, 3\.9\.1\n/],
])('%j: exit code %d', async (args, code, message) => {
  const { stdout, stderr, exitCode } = await cli(...args)
  expect([stdout, exitCode]).toEqual(['', code])
  expect(stderr).toMatch(message)
})

test('install says why there is none', async () => {
  vendor.stop()
  const { stderr, exitCode } = await cli('install', '3')
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(
    /^tarantool-fixture: could not connect to http:\/\/127\.0\.0\.1:\d+: the connection was refused/,
  )
})

test.each(['--version', '-v'])('%s is that of the package', async option => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  expect((await cli(option)).stdout).toBe(version)
})
