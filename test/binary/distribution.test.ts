import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { execa, type Options } from 'execa'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { binaryVersion } from '../../src/binary/binary-version.ts'
import { inspectCopy, type Manifest } from '../../src/binary/copy.ts'
import { locateBinary } from '../../src/binary/locate.ts'
import { findProgram } from '../../src/binary/search.ts'
import { currentSystem, isDebianLike, systemKey } from '../../src/binary/system.ts'
import { cacheRoot } from '../../src/cache/root.ts'
import { isAtLeast } from '../../src/version/version.ts'
import { deadMirror } from '../support/no-downloads.ts'
import { temporaryDirectory } from './programs.ts'
import { buildPackage } from './release/packages.ts'
import { Vendor } from './release/vendor.ts'

const tools = ['apt-get', 'apt-cache', 'dpkg']
const onPath = (name: string): string | undefined => findProgram(name, (process.env.PATH ?? '').split(delimiter)).path
// Debian has Tarantool for these two processors only.
const canInstall =
  isDebianLike(currentSystem()) && tools.every(onPath) && ['amd64', 'i386'].includes(currentSystem().architecture)
const why = canInstall ? '' : ' (skipped: needs Debian or Ubuntu on amd64, with apt)'

const script = join(import.meta.dirname, 'installer.ts')
const isRoot = process.getuid?.() === 0
const key = systemKey(currentSystem())

// Whether a user without rights can run what is in this checkout: it may lie in root's home.
function isOpen(path: string): boolean {
  return path === '/' || ((statSync(path).mode & 0o005) === 0o005 && isOpen(dirname(path)))
}

/** Packages of a distribution on loopback, made of the Tarantool that the tests run, and settings that lead apt there. */
async function startDistribution(): Promise<void> {
  const distribution = await Vendor.start()
  const { architecture } = currentSystem()
  const packages = [
    buildPackage({ version: '2.6.0-1', architecture, program: process.env.TARANTOOL_BIN ?? '', owner: 0 }),
    buildPackage({ version: '2.6.0-1', architecture, name: 'tarantool-common', owner: 0 }),
  ]
  distribution.add('distribution', packages, { distribution: 'stable', architectures: [architecture] })
  const directory = temporaryDirectory()
  chmodSync(directory, 0o755)
  const [sources, settings] = [join(directory, 'sources.list'), join(directory, 'apt.conf')]
  writeFileSync(sources, `deb [trusted=yes] ${distribution.url}/tarantool/release/distribution stable main\n`)
  writeFileSync(settings, `Dir::Etc::sourcelist "${sources}";\nDir::Etc::sourceparts "/dev/null";\n`)
  vi.stubEnv('APT_CONFIG', settings)
}

function install(root: string, args: readonly string[] = [], options: Options = {}) {
  return execa(process.execPath, ['--import', 'tsx', script, root, ...args], { stdin: 'ignore', ...options })
}

const nobody: Options = isRoot ? { uid: 65534, gid: 65534 } : {}

function newCache(): string {
  const root = join(temporaryDirectory(), 'cache')
  // Like /tmp: the installation may run as another user.
  chmodSync(dirname(root), 0o1777)
  return root
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

beforeEach(async () => {
  if (canInstall) await startDistribution()
  return () => vi.unstubAllEnvs()
})

describe.skipIf(!canInstall)(`an installation${why}`, () => {
  const closed = isRoot && ![script, process.execPath].every(path => isOpen(dirname(path)))

  test.skipIf(closed)('needs no rights, says one line, and leaves the copy alone in the cache', async () => {
    const root = newCache()
    const { stdout, stderr } = await install(root, [], { ...nobody, env: { HOME: dirname(root) } })
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
    const dead = 'http://127.0.0.1:1'
    const { exitCode, stderr } = await install(root, [], {
      reject: false,
      env: { http_proxy: dead, https_proxy: dead, HTTPS_PROXY: dead, no_proxy: '' },
    })
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
      const installer = [process.execPath, '--import', import.meta.resolve('tsx'), script, join(work, 'cache')]
      const { stderr } = await execa('unshare', ['-m', 'sh', '-c', command, 'sh', work, ...installer], {
        reject: false,
      })
      expect(stderr).toMatch(/no program may be run in the cache .*noexec; TARANTOOL_FIXTURE_CACHE names another/)
      expect(stderr).not.toContain('installing')
    },
  )

  // The libraries come from the distribution's own server: packages of all of them would be this test's main part.
  test.skipIf(!isRoot)('brings the libraries that are not there (as root only: it hides some)', async context => {
    vi.stubEnv('APT_CONFIG', '')
    const root = newCache()
    const work = dirname(root)
    // Where the system's libraries are: node needs libc, too.
    const ldd = await execa('ldd', [process.execPath])
    const libraries = dirname(/=> (\/\S*\/libc\.so\.6)/.exec(ldd.stdout)?.[1] ?? '')
    const installed = readFileSync('/var/lib/dpkg/status', 'utf8').split('\n\n')
    const hidden = /^Package: (libunwind8|libicu\d+)$/m
    mkdirSync(join(work, 'libraries'))
    mkdirSync(join(work, 'original'))
    const status = installed.filter(entry => !hidden.test(entry)).join('\n\n')
    await execa('tee', [join(work, 'status')], { input: status, stdout: 'ignore' })
    // A mount namespace of its own, where the directory of libraries has links to all of them but two.
    const hide = `set -e
      directory=$(realpath "$1")
      mount --bind "$directory" original
      cp -as "$PWD/original/." libraries
      rm -f libraries/libunwind* libraries/libicu*
      mount --bind libraries "$directory"
      mount --bind status /var/lib/dpkg/status
      shift
      exec "$@"`
    const namespace = ['-m', 'sh', '-c', hide, 'sh', libraries]
    const probe = await execa('unshare', ['-m', 'mount', '--bind', work, work], { reject: false })
    if (probe.failed) return context.skip('no mounts in this container')
    const installer = [process.execPath, '--import', import.meta.resolve('tsx'), script, root]
    const { stdout } = await execa('unshare', [...namespace, ...installer], { cwd: work })
    const copy = JSON.parse(stdout) as { env: { LD_LIBRARY_PATH?: string } }
    expect(copy.env.LD_LIBRARY_PATH).toContain(join(root, key))
    const { packages, files, needs } = manifestOf(root)
    expect(Object.keys(packages).filter(name => /^lib(icu|unwind)/.test(name))).toHaveLength(2)
    expect(Object.keys(packages)).not.toContain('libc6')
    expect(Object.keys(files).join()).toMatch(/libunwind\.so\.8/)
    expect(needs.join()).not.toMatch(/libunwind\.so|libicu/)
    await expectOneGoodCopy(root)
  })
})

describe.skipIf(!canInstall)(`locateBinary${why}`, () => {
  test('installs once for concurrent callers, then finds the copy, and replaces a damaged one', async () => {
    const root = newCache()
    const bin = join(dirname(root), 'bin')
    mkdirSync(bin)
    for (const tool of tools) symlinkSync(onPath(tool) ?? '', join(bin, tool))
    const env = { PATH: bin, TARANTOOL_FIXTURE_CACHE: root, TARANTOOL_FIXTURE_MIRROR: deadMirror }
    const reports: string[] = []
    const report = (line: string): number => reports.push(line)
    const [first, second] = await Promise.all([locateBinary({ env, report }), locateBinary({ env, report })])
    expect(second).toBe(first)
    expect(first.source).toBe('installed')
    expect(await locateBinary({ env, report, cwd: bin })).toEqual({ ...first, source: 'cache' })
    expect(reports).toEqual([expect.stringMatching(/^no tarantool found, and could not connect to .*; installing /)])
    rmSync(first.path)
    expect(await locateBinary({ env, report })).toEqual(first)
    expect(reports).toHaveLength(2)
    await expectOneGoodCopy(root)
  })

  test('gives up when all its callers do', async () => {
    const root = newCache()
    const bin = join(dirname(root), 'bin')
    mkdirSync(bin)
    for (const tool of tools) symlinkSync(onPath(tool) ?? '', join(bin, tool))
    const abort = new AbortController()
    const env = { PATH: bin, TARANTOOL_FIXTURE_CACHE: root, TARANTOOL_FIXTURE_MIRROR: deadMirror }
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
