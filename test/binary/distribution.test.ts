import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { execa, type Options } from 'execa'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { binaryVersion } from '../../src/binary/binary-version.ts'
import { inspectCopy, type Manifest } from '../../src/binary/copy.ts'
import { locateBinary } from '../../src/binary/locate.ts'
import { currentSystem, isDebianLike, systemKey } from '../../src/binary/system.ts'
import { cacheRoot } from '../../src/cache/root.ts'
import { isAtLeast } from '../../src/version/version.ts'
import { bundled } from '../support/bundled.ts'
import { deadMirror } from '../support/no-downloads.ts'
import { isOpenToOthers } from '../support/other-user.ts'
import { type Distribution, distributed, startDistribution, tools } from './distribution.ts'
import { canHide, findHideable, hiding } from './hidden-libraries.ts'
import { linkPrograms, onPath, temporaryDirectory } from './programs.ts'
import type { DebPackage } from './release/packages.ts'

// Debian has Tarantool for these two processors only.
const canInstall =
  isDebianLike(currentSystem()) && tools.every(onPath) && ['amd64', 'i386'].includes(currentSystem().architecture)
const why = canInstall ? '' : ' (skipped: needs Debian or Ubuntu on amd64, with apt)'

const script = await bundled(join(import.meta.dirname, 'installer.ts'))
// Packages are made of the Tarantool that the tests run.
const program = process.env.TARANTOOL_BIN ?? ''
const isRoot = process.getuid?.() === 0
const key = systemKey(currentSystem())

function install(root: string, args: readonly string[] = [], options: Options = {}) {
  return execa(process.execPath, [script, root, ...args], { stdin: 'ignore', ...options })
}

const nobody: Options = isRoot ? { uid: 65534, gid: 65534 } : {}

function newCache(): string {
  const root = join(temporaryDirectory(), 'cache')
  // Like /tmp: the installation may run as another user.
  chmodSync(dirname(root), 0o1777)
  return root
}

// The environment of a machine without a Tarantool and without the vendor.
function newMachine(root: string): { PATH: string } & NodeJS.ProcessEnv {
  const bin = join(dirname(root), 'bin')
  linkPrograms(bin, tools)
  return { PATH: bin, TARANTOOL_FIXTURE_CACHE: root, TARANTOOL_FIXTURE_MIRROR: deadMirror }
}

const manifestOf = (root: string): Manifest =>
  JSON.parse(readFileSync(join(root, key, 'manifest.json'), 'utf8')) as Manifest

// Without notes of uses, and of questions to the vendor.
const copiesIn = (root: string): string[] => readdirSync(root).filter(name => !['releases', '.uses'].includes(name))

async function expectOneGoodCopy(root: string): Promise<void> {
  expect(copiesIn(root)).toEqual([key])
  const copy = inspectCopy(join(root, key))
  expect(copy).toMatchObject({ path: join(root, key, 'usr/bin/tarantool') })
  if (copy.path === undefined) return
  const version = await binaryVersion({ ...copy, source: 'cache' })
  expect(isAtLeast(version, 1, 10)).toBe(true)
  expect(version.text).toBe(manifestOf(root).tarantool)
}

let distribution: Distribution

async function useDistribution(packages: readonly DebPackage[]): Promise<void> {
  distribution = await startDistribution(packages)
  vi.stubEnv('APT_CONFIG', distribution.settings)
}

beforeEach(async () => {
  const [version, name] = ['2.6.0-1', 'tarantool-common']
  if (canInstall) await useDistribution([distributed({ version, program }), distributed({ version, name, files: {} })])
  return () => vi.unstubAllEnvs()
})

describe.skipIf(!canInstall)(`an installation${why}`, () => {
  const closed = isRoot && ![script, process.execPath].every(path => isOpenToOthers(dirname(path)))

  test.skipIf(closed)('needs no rights, says one line, and leaves the copy alone in the cache', async () => {
    const root = newCache()
    const { stdout, stderr } = await install(root, [], {
      ...nobody,
      env: { HOME: dirname(root), TMPDIR: dirname(root) },
    })
    expect(String(stderr).split('\n')).toHaveLength(1)
    expect(stderr).toMatch(/^no tarantool found; installing \S+ \S+'s tarantool \d+\.\d+\.\d+ into .* \(newer: https:/)
    expect(JSON.parse(String(stdout))).toMatchObject({ path: join(root, key, 'usr/bin/tarantool') })
    expect(statSync(join(root, key)).uid).toBe(isRoot ? 65534 : process.getuid?.())
    if (isRoot) {
      expect(inspectCopy(join(root, key))).toMatchObject({ flaw: expect.stringContaining('belongs to another user') })
      await execa('chown', ['-R', '0:0', root])
    }
    await expectOneGoodCopy(root)
    expect(manifestOf(root).packages).toEqual({ tarantool: '2.6.0-1', 'tarantool-common': '2.6.0-1' })
  })

  test('fetches lists of its own where the machine has none', async () => {
    const root = newCache()
    await install(root, ['own'])
    await expectOneGoodCopy(root)
  })

  test('two at once end with one good copy', async () => {
    const root = newCache()
    const [first, second] = await Promise.all([install(root), install(root)])
    expect(first.stdout).toBe(second.stdout)
    await expectOneGoodCopy(root)
  })

  test('what a killed one leaves is not trusted, and removed by the next', async () => {
    const root = newCache()
    const killed = install(root, [], { reject: false, buffer: false })
    const exited = killed.then(result => result.signal)
    if (killed.stderr) await once(createInterface({ input: killed.stderr }), 'line')
    killed.kill('SIGKILL')
    expect(await exited).toBe('SIGKILL')
    expect(readdirSync(root)).toEqual([expect.stringMatching(/^\.partial-/)])
    await install(root)
    await expectOneGoodCopy(root)
  })

  test('a network that is down is an error with the last lines of apt', async () => {
    const root = newCache()
    distribution.vendor.stop()
    const { exitCode, stderr } = await install(root, [], { reject: false })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /InstallError: Tarantool could not be installed: .*could not be fetched: (?:could not|unable to) connect to/,
    )
    expect(stderr).toMatch(/Last log lines:\n {2}[EW]: .*127\.0\.0\.1/)
    expect(readdirSync(root)).toEqual([])
  })

  test.skipIf(!isRoot)(
    'refuses a cache that runs no programs, before it downloads (as root only: it mounts one)',
    async context => {
      const work = temporaryDirectory()
      const command = 'mount -t tmpfs -o noexec tmpfs "$1" && shift && exec "$@"'
      const probe = await execa('unshare', ['-m', 'sh', '-c', command, 'sh', work, 'true'], { reject: false })
      if (probe.failed) return context.skip('no mounts in this container')
      const installer = [process.execPath, script, join(work, 'cache')]
      const { stderr } = await execa('unshare', ['-m', 'sh', '-c', command, 'sh', work, ...installer], {
        reject: false,
      })
      expect(stderr).toMatch(/no program may be run in the cache .*noexec; set TARANTOOL_FIXTURE_CACHE to another/)
      expect(stderr).not.toContain('installing')
    },
  )

  test.skipIf(!canHide)('brings the libraries that are not there (as root only: it hides some)', async context => {
    const hideable = await findHideable(program)
    if (!hideable) return context.skip('this Tarantool loads none that can be hidden')
    const { packages, owners, depends } = hideable
    await useDistribution([...packages, distributed({ version: '2.6.0-1', program, depends })])
    const root = newCache()
    const work = dirname(root)
    const [unshare, ...namespace] = (await hiding(work, hideable)) ?? []
    if (unshare === undefined) return context.skip('no mounts in this container')
    const installer = [process.execPath, script, root]
    const { stdout } = await execa(unshare, [...namespace, ...installer], { cwd: work })
    const copy = JSON.parse(stdout) as { env: { LD_LIBRARY_PATH?: string } }
    expect(copy.env.LD_LIBRARY_PATH).toContain(join(root, key))
    const manifest = manifestOf(root)
    const libraries = Object.fromEntries(owners.map(name => [name, '1-1']))
    expect(manifest.packages).toEqual({ tarantool: '2.6.0-1', ...libraries })
    for (const name of hideable.names) {
      expect(Object.keys(manifest.files).join('\n')).toContain(name)
      expect(manifest.needs.join('\n')).not.toContain(name)
    }
    await expectOneGoodCopy(root)
  })
})

describe.skipIf(!canInstall)(`locateBinary${why}`, () => {
  test('installs once for concurrent callers, then finds the copy, and replaces a damaged one', async () => {
    const root = newCache()
    const env = newMachine(root)
    const reports: string[] = []
    const report = (line: string): number => reports.push(line)
    const [first, second] = await Promise.all([locateBinary({ env, report }), locateBinary({ env, report })])
    expect(second).toBe(first)
    expect(first.source).toBe('installed')
    expect(await locateBinary({ env, report, cwd: env.PATH })).toEqual({ ...first, source: 'cache' })
    expect(reports).toEqual([expect.stringMatching(/^no tarantool found, and could not connect to .*; installing /)])
    rmSync(first.path)
    expect(await locateBinary({ env, report })).toEqual(first)
    expect(reports).toHaveLength(2)
    await expectOneGoodCopy(root)
  })

  test('gives up when all its callers do', async () => {
    const root = newCache()
    const env = newMachine(root)
    const abort = new AbortController()
    const report = (): void => abort.abort(new Error('enough'))
    await expect(locateBinary({ env, report, signal: abort.signal })).rejects.toThrow('enough')
    await expect.poll(() => copiesIn(root), { timeout: 10_000 }).toEqual([])
  })
})

test('the cache is the user’s', () => {
  expect(cacheRoot({ HOME: '/home/ann' }, '/', 'linux')).toBe('/home/ann/.cache/tarantool-fixture')
  expect(cacheRoot({ HOME: '/home/ann', XDG_CACHE_HOME: '/x' }, '/', 'linux')).toBe('/x/tarantool-fixture')
  expect(cacheRoot({ HOME: '/home/ann', XDG_CACHE_HOME: 'x' }, '/', 'linux')).toBe('/home/ann/.cache/tarantool-fixture')
  expect(cacheRoot({ HOME: '/Users/ann' }, '/', 'darwin')).toBe('/Users/ann/Library/Caches/tarantool-fixture')
  expect(cacheRoot({ HOME: '/home/ann', TARANTOOL_FIXTURE_CACHE: 'c' }, '/w', 'linux')).toBe('/w/c')
})
