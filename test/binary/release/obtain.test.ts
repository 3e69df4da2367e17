import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Manifest } from '../../../src/binary/copy.ts'
import { failureSince, noteAsked } from '../../../src/binary/release/asked.ts'
import { obtainRelease } from '../../../src/binary/release/obtain.ts'
import { mirrorOf } from '../../../src/binary/release/repository.ts'
import { describeSystem } from '../../../src/binary/system.ts'
import { BinaryNotFoundError, InvalidOptionError, VersionNotFoundError } from '../../../src/errors.ts'
import { readWantedVersion } from '../../../src/version/wanted.ts'
import { writeProgram, writeTarantool } from '../programs.ts'
import { debian } from './debian.ts'
import { addReleases, architecture, letADayPass, type Machine, newMachine, tarantool } from './fetching.ts'

let machine: Machine

beforeEach(async () => {
  machine = await newMachine()
  addReleases(machine.vendor)
})

const releases = (): string[] =>
  readdirSync(join(machine.cache, 'releases'))
    .filter(name => !name.startsWith('.'))
    .sort()

describe('what a project asks for is downloaded:', () => {
  test.each([
    ['3', '3.10.1', `3.10.1-linux-${architecture}`],
    ['3.8', '3.8.0', `3.8.0-linux-${architecture}`],
    ['3.2.0', '3.2.0', `3.2.0-linux-${architecture}`],
    ['latest', '3.10.1', `3.10.1-linux-${architecture}`],
    [undefined, '3.10.1', `3.10.1-linux-${architecture}`],
    ['2', '2.11.5-0-g0123456789', `2.11.5-debian-12-${architecture}`],
    ['2.10', '2.10.8-0-g0123456789', `2.10.8-debian-12-${architecture}`],
    ['1.10', '1.10.15.0-0-g0123456', `1.10.15-debian-12-${architecture}`],
  ])('%s', async (wanted, version, directory) => {
    const path = join(machine.cache, 'releases', directory, 'usr/bin/tarantool')
    expect(await machine.find(wanted)).toEqual({ path, env: {}, source: 'installed', version })
    expect(await machine.find(wanted)).toEqual({ path, env: {}, source: 'cache', version })
    expect(releases()).toEqual([directory])
    expect(machine.reports).toEqual([
      expect.stringMatching(/^downloading Tarantool \d+\.\d+\.\d+ \(0\.0 MB\) from http:\/\/127.*\.deb into \/.*/),
    ])
  })

  test.each([
    [
      '2',
      'series-2/ubuntu',
      'ID=ubuntu\nVERSION_ID="22.04"\nUBUNTU_CODENAME=jammy\nNAME=Ubuntu',
      'jammy',
      'ubuntu-22.04',
    ],
    ['2.8', '2.8/ubuntu', 'ID=ubuntu\nVERSION_ID="22.04"\nUBUNTU_CODENAME=jammy\nNAME=Ubuntu', 'jammy', 'ubuntu-22.04'],
    ['2.8', '2.8/debian', 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm', 'bookworm', 'debian-12'],
    [
      '2.8.4',
      '2.8/ubuntu',
      'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID=21\nVERSION_CODENAME=vera\nUBUNTU_CODENAME=jammy',
      'jammy',
      'linuxmint-21',
    ],
  ])('%s from %s', async (wanted, path, osRelease, distribution, target) => {
    machine.vendor.add(path, [tarantool('2.8.4.0.g0123456-1', { says: '2.8.4-0-g0123456' })], { distribution })
    const { path: program } = await machine.find(wanted, { system: describeSystem(osRelease, 'linux') })
    expect(program).toBe(join(machine.cache, `releases/2.8.4-${target}-${architecture}/usr/bin/tarantool`))
    expect(machine.vendor.requests.every(request => request.startsWith(`GET /tarantool/release/${path}/`))).toBe(true)
  })

  test('Release, Packages and the package are asked for, once', async () => {
    await machine.find('3')
    await machine.find('3')
    await machine.find()
    const base = '/tarantool/release/series-3/linux-deb'
    expect(machine.vendor.requests).toEqual([
      `GET ${base}/dists/static/Release`,
      `GET ${base}/dists/static/main/binary-${architecture}/Packages.gz`,
      `GET ${base}/pool/main/t/tarantool/tarantool_3.10.1-1_${architecture}.deb`,
    ])
  })

  test('TARANTOOL_FIXTURE_VERSION asks, and the option wins', async () => {
    machine.env.TARANTOOL_FIXTURE_VERSION = '2.11'
    expect((await machine.find()).version).toBe('2.11.5-0-g0123456789')
    expect((await machine.find('3')).version).toBe('3.10.1')
    machine.env.TARANTOOL_FIXTURE_VERSION = 'two'
    await expect(machine.find()).rejects.toThrow('TARANTOOL_FIXTURE_VERSION is "two", which is not a version')
    machine.env.TARANTOOL_FIXTURE_VERSION = ' '
    expect((await machine.find()).version).toBe('3.10.1')
  })

  test('several versions live side by side, and a static one serves other systems', async () => {
    await machine.find('3.8.0')
    await machine.find('2.11')
    await machine.find('3')
    expect(releases()).toHaveLength(3)
    const fedora = describeSystem('ID=fedora\nVERSION_ID=41\nNAME="Fedora Linux"', 'linux')
    expect((await machine.find('3.8.0', { system: fedora })).source).toBe('cache')
    await expect(machine.find('2.11', { system: fedora })).rejects.toThrow(VersionNotFoundError)
  })

  test.each([
    ['macOS', describeSystem('', 'darwin')],
    ['Alpine', describeSystem('ID=alpine\nVERSION_ID=3.20\nNAME="Alpine Linux"', 'linux')],
    ['Void with musl', describeSystem('ID=void\nNAME=Void', 'linux', process.arch, 'musl')],
  ])('a static one does not serve %s, which may share the cache', async (_, system) => {
    await machine.find('3.8.0')
    await expect(machine.find('3.8.0', { system })).rejects.toThrow('there is no build of Tarantool 3.8.0 for')
  })

  test('the manifest names the package', async () => {
    await machine.find('2.11')
    const place = join(machine.cache, 'releases', releases()[0] ?? '')
    const manifest = JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8')) as Manifest
    expect(manifest.packages).toEqual({ tarantool: '2.11.5.g0123456789-1' })
    expect(readdirSync(join(machine.cache, 'releases', '.downloads'))).toEqual([])
  })

  test.each(['none', 'gz', 'xz', 'zst'] as const)('a package that is packed as %s', async compression => {
    machine.vendor.add('series-4/linux-deb', [tarantool('4.0.0-1', { compression })])
    expect((await machine.find('4')).version).toBe('4.0.0')
  })

  test('a package with files that others may write to', async () => {
    machine.vendor.add('series-4/linux-deb', [tarantool('4.0.0-1', { mode: 0o777 })])
    expect((await machine.find('4')).version).toBe('4.0.0')
    expect((await machine.find('4')).source).toBe('cache')
  })

  test('of two packages of one version, the later', async () => {
    machine.vendor.add('series-4/linux-deb', [
      tarantool('4.0.0-10', { says: '4.0.0-0-gten' }),
      tarantool('4.0.0-9', { says: '4.0.0-0-gnine' }),
    ])
    expect((await machine.find('4')).version).toBe('4.0.0-0-gten')
  })
})

describe('a Tarantool that is there', () => {
  test('on PATH counts if it fits, the first that does', async () => {
    writeTarantool(join(machine.directory, 'old/tarantool'), '2.6.0')
    const path = writeTarantool(join(machine.bin, 'tarantool'), '3.2.1')
    writeTarantool(join(machine.directory, 'new/tarantool'), '3.9.0')
    machine.env.PATH = [join(machine.directory, 'old'), machine.bin, join(machine.directory, 'new')].join(':')
    expect(await machine.find('3')).toEqual({ path, env: {}, source: 'PATH' })
    expect((await machine.find('3.9')).path).toBe(join(machine.directory, 'new/tarantool'))
    expect((await machine.find('2.6')).path).toBe(join(machine.directory, 'old/tarantool'))
    expect(machine.vendor.requests).toEqual([])
    expect((await machine.find('3.8')).source).toBe('installed')
    // Without a wish, any.
    expect((await machine.find()).path).toBe(join(machine.directory, 'old/tarantool'))
  })

  test('on PATH does not count for the newest of all', async () => {
    writeTarantool(join(machine.bin, 'tarantool'), '3.2.1')
    expect((await machine.find('latest')).version).toBe('3.10.1')
  })

  test('in TARANTOOL_BIN counts if it fits', async () => {
    const path = writeTarantool(join(machine.directory, 'own'), '3.9.9')
    machine.env.TARANTOOL_BIN = path
    expect(await machine.find('3')).toEqual({ path, env: {}, source: 'TARANTOOL_BIN' })
    expect((await machine.find('latest')).path).toBe(path)
    expect((await machine.find('3.8')).version).toBe('3.8.0')
    machine.env.TARANTOOL_BIN = join(machine.directory, 'absent')
    await expect(machine.find('3')).rejects.toThrow(BinaryNotFoundError)
  })

  test('that is another program is passed over', async () => {
    writeProgram(join(machine.bin, 'tarantool'), 'echo "node v20.19.0"')
    expect((await machine.find('3')).version).toBe('3.10.1')
    machine.env.TARANTOOL_FIXTURE_INSTALL = '0'
    await expect(machine.find('3.2')).rejects.toThrow(/PATH: .*tarantool.* is not Tarantool/)
  })

  test('in commandToRun has to agree', async () => {
    const commandToRun = writeTarantool(join(machine.directory, 'own'), '2.6.0')
    expect((await machine.find('2.6', { commandToRun })).source).toBe('commandToRun')
    const finding = machine.find('3', { commandToRun })
    await expect(finding).rejects.toThrow(InvalidOptionError)
    await expect(finding).rejects.toThrow(
      `version is '3', but commandToRun is ${commandToRun}, which is Tarantool 2.6.0`,
    )
    machine.env.TARANTOOL_FIXTURE_VERSION = '2.11'
    expect((await machine.find(undefined, { commandToRun })).path).toBe(commandToRun)
  })

  test('that is a wrapper is asked with its arguments', async () => {
    const wrapped = writeTarantool(join(machine.directory, 'wrapped'), '3.8.1')
    const commandToRun = writeProgram(join(machine.directory, 'wrapper'), 'exec "$@"')
    expect((await machine.find('3.8', { commandToRun, commandArgs: [wrapped] })).path).toBe(commandToRun)
  })
})

describe('the network is asked', () => {
  const age = (): void => letADayPass(machine.cache)

  test('never again for one release', async () => {
    await machine.find('3.8.0')
    age()
    machine.vendor.stop()
    expect((await machine.find('3.8.0')).source).toBe('cache')
    expect(machine.reports).toHaveLength(1)
  })

  test('once a day for a series, and a newer release is fetched', async () => {
    await machine.find('3')
    machine.vendor.add('series-3/linux-deb', [tarantool('3.10.2-1')])
    expect((await machine.find('3')).version).toBe('3.10.1')
    age()
    expect(await machine.find('3')).toMatchObject({ version: '3.10.2', source: 'installed' })
    expect(releases()).toHaveLength(2)
    const { length } = machine.vendor.requests
    expect((await machine.find('3')).source).toBe('cache')
    expect(machine.vendor.requests).toHaveLength(length)
  })

  test('once a day also where the cache is copied, as CI does', async () => {
    await machine.find('3')
    age()
    const copy = join(machine.directory, 'copy')
    cpSync(machine.cache, copy, { recursive: true })
    machine.env.TARANTOOL_FIXTURE_CACHE = copy
    machine.vendor.add('series-3/linux-deb', [tarantool('3.10.2-1')])
    expect((await machine.find('3')).version).toBe('3.10.2')
  })

  test('nothing but the index, if there is nothing newer', async () => {
    await machine.find('3')
    age()
    expect((await machine.find('3')).source).toBe('cache')
    expect(machine.vendor.asked('Release')).toHaveLength(2)
    expect(machine.vendor.asked('.deb')).toHaveLength(1)
  })

  test('in vain: the copy in the cache is used, and one line says so, once a day', async () => {
    await machine.find('3')
    age()
    machine.vendor.stop()
    machine.reports.length = 0
    expect(await machine.find('3')).toMatchObject({ version: '3.10.1', source: 'cache' })
    expect(await machine.find('3')).toMatchObject({ version: '3.10.1', source: 'cache' })
    expect(machine.reports).toEqual([
      expect.stringMatching(/^could not connect to http:\/\/127.*; Tarantool 3\.10\.1 from the cache is used$/),
    ])
  })

  test('not at all with TARANTOOL_FIXTURE_INSTALL=0', async () => {
    machine.env.TARANTOOL_FIXTURE_INSTALL = '0'
    const finding = machine.find('3.8')
    await expect(finding).rejects.toThrow(BinaryNotFoundError)
    await expect(finding).rejects.toThrow(/^No Tarantool 3\.8 was found/)
    await expect(finding).rejects.toThrow('install: forbidden by TARANTOOL_FIXTURE_INSTALL=0')
    expect(machine.vendor.requests).toEqual([])
    machine.env.TARANTOOL_FIXTURE_INSTALL = undefined
    await machine.find('3')
    age()
    machine.env.TARANTOOL_FIXTURE_INSTALL = '0'
    const { length } = machine.vendor.requests
    expect((await machine.find('3')).source).toBe('cache')
    expect(machine.vendor.requests).toHaveLength(length)
  })
})

test('the version of a program on PATH that does not fit is noted, if it is no script', async () => {
  const notes = join(machine.cache, 'versions.json')
  writeTarantool(join(machine.bin, 'tarantool'), '2.6.0')
  await machine.find('3')
  expect(existsSync(notes)).toBe(false)
  rmSync(join(machine.bin, 'tarantool'))
  const real = realpathSync(process.env.TARANTOOL_BIN ?? '')
  symlinkSync(real, join(machine.bin, 'tarantool'))
  await machine.find('3.7.0')
  const noted = JSON.parse(readFileSync(notes, 'utf8')) as Record<string, { version: string }>
  expect(Object.keys(noted)).toEqual([real])
  // Without another question.
  writeFileSync(notes, readFileSync(notes, 'utf8').replace(/"version":"[^"]*"/, '"version":"1.99.1"'))
  machine.env.TARANTOOL_FIXTURE_INSTALL = '0'
  await expect(machine.find('3.2')).rejects.toThrow(/PATH: .*tarantool is Tarantool 1\.99\.1/)
  // Not from where others may write.
  chmodSync(notes, 0o666)
  await expect(machine.find('3.2')).rejects.not.toThrow('1.99.1')
})

describe('a copy that others may write to', () => {
  test('is not run, which a line says, and is made anew', async () => {
    const { path } = await machine.find('3.8.0')
    chmodSync(path, 0o777)
    machine.reports.length = 0
    expect(await machine.find('3.8.0')).toMatchObject({ path, source: 'installed' })
    expect(machine.reports[0]).toMatch(/3\.8\.0-linux-\w+ is not run: others may write to .*tarantool$/)
    expect((await machine.find('3.8.0')).source).toBe('cache')
  })

  test.each(['', '.downloads', '.locks', '.asked'])(
    'nothing is downloaded where others may write to releases/%s',
    async name => {
      const place = join(machine.cache, 'releases', name)
      mkdirSync(place, { recursive: true })
      chmodSync(place, 0o777)
      await expect(machine.find('3')).rejects.toThrow(
        /install: not in a directory that others could change \(others may write to/,
      )
      expect(machine.vendor.requests).toEqual([])
    },
  )
})

describe('a damaged copy', () => {
  test('is downloaded again', async () => {
    const { path } = await machine.find('3.8.0')
    rmSync(path)
    expect(await machine.find('3.8.0')).toMatchObject({ path, source: 'installed' })
    expect(existsSync(path)).toBe(true)
  })
})

test('a release that another process installed after the search is taken, and nobody is asked', async () => {
  const { path } = await machine.find('3')
  const { length } = machine.vendor.requests
  const question = { root: machine.cache, system: debian, mirror: mirrorOf(machine.env), env: machine.env }
  const release = await obtainRelease({
    ...{ ...question, wanted: readWantedVersion('3', 'version'), signal: new AbortController().signal },
    report: line => machine.reports.push(line),
  })
  expect(release.path).toBe(path)
  expect(machine.vendor.requests).toHaveLength(length)
})

test('the failure of another process is told in full', async () => {
  const question = {
    root: machine.cache,
    system: debian,
    mirror: 'http://127.0.0.1:9/',
    wanted: readWantedVersion('3.9', 'version'),
  }
  const error = new VersionNotFoundError('there is none', { hint: 'no', nearest: ['3.8.0'], isElsewhere: true })
  const begun = Date.now()
  noteAsked(question, error)
  const { summary, hint, nearest, isElsewhere } = error
  expect(failureSince(question, begun)).toMatchObject({ summary, hint, nearest, isElsewhere })
  expect(failureSince(question, begun + 60_000)).toBeUndefined()
})

test('a note of versions that cannot be written leaves nothing', async () => {
  mkdirSync(join(machine.cache, 'versions.json'), { recursive: true })
  const real = realpathSync(process.env.TARANTOOL_BIN ?? '')
  symlinkSync(real, join(machine.bin, 'tarantool'))
  await machine.find('3.7.0')
  expect(readdirSync(machine.cache).filter(name => name.startsWith('versions'))).toEqual(['versions.json'])
})

test('quiet says nothing about a download', async () => {
  await machine.find('3', { quiet: true, terminal: { isTTY: true, write: text => machine.reports.push(text) } })
  expect(machine.reports).toEqual([])
})
