import { execa } from 'execa'
import { expect, test } from 'vitest'
import { locateBinary } from '../../src/binary/locate.ts'
import { tools } from '../binary/distribution.ts'
import { onPath } from '../binary/programs.ts'
import { temporaryDirectory } from '../support/instances.ts'

test('a download that a test forgot to lead to loopback ends at a dead proxy', async () => {
  const own = { TARANTOOL_BIN: '', TARANTOOL_FIXTURE_MIRROR: '', TARANTOOL_FIXTURE_CACHE: temporaryDirectory() }
  const finding = locateBinary({ version: '3.0.0', env: { ...process.env, PATH: '', ...own } })
  await expect(finding).rejects.toThrow(/^could not connect to .* \(proxy: http:\/\/127\.0\.0\.1:9\)/)
})

test.skipIf(!tools.every(onPath))('apt of a test has no sources of its machine (needs apt)', async () => {
  const { stdout } = await execa('apt-get', ['indextargets', '--format', '$(SITE)'])
  expect(stdout).toBe('')
})
