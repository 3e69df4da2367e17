import { createHash } from 'node:crypto'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Patience } from '../../../src/binary/download/answer.ts'
import { describeSystem } from '../../../src/binary/system.ts'
import { DownloadError, InstallError, TarantoolFixtureError, VersionNotFoundError } from '../../../src/errors.ts'
import { debian } from './debian.ts'
import { addReleases, architecture, type Machine, newMachine, tarantool } from './fetching.ts'
import { ar } from './packages.ts'
import type { RepositoryOptions } from './vendor.ts'

let machine: Machine

beforeEach(async () => {
  machine = await newMachine()
  addReleases(machine.vendor)
})

const impatient: Patience = { connect: 200, answer: 200, stall: 200 }

const copies = (): string[] => {
  const place = join(machine.cache, 'releases')
  return existsSync(place) ? readdirSync(place).filter(name => !name.startsWith('.')) : []
}

async function failure(version: string | undefined, options = {}): Promise<TarantoolFixtureError> {
  const error: unknown = await machine.find(version, options).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(TarantoolFixtureError)
  expect(copies()).toEqual([])
  const partial = readdirSync(join(machine.cache, 'releases')).filter(name => name.startsWith('.partial'))
  expect(partial).toEqual([])
  return error as TarantoolFixtureError
}

test('a version that does not exist: the nearest that do', async () => {
  const error = await failure('3.9')
  expect(error).toBeInstanceOf(VersionNotFoundError)
  expect(error.summary).toBe(`there is no Tarantool 3.9 in ${machine.vendor.url}/tarantool/release/series-3/linux-deb/`)
  expect((error as VersionNotFoundError).nearest).toEqual(['3.10.1', '3.8.0', '3.7.0'])
  // No command, and no image, has it.
  expect(error.hint).toMatch(
    /^Nearest releases: 3\.10\.1, 3\.8\.0, 3\.7\.0\nLooked for it:\n( {2}.*\n)+To use a Tarantool of your own, set TARANTOOL_BIN to its path\.$/,
  )
})

test.each([
  ['a prerelease', '3.11', ['3.10.1', '3.8.0', '3.7.0']],
  ['a series to come', '9', ['3.10.1', '3.8.0', '3.7.0']],
  ['a minor version without a repository', '2.9', ['2.10.8', '2.11.5', '3.10.1']],
])('no version: %s', async (_, version, nearest) => {
  const error = await failure(version)
  expect(error).toBeInstanceOf(VersionNotFoundError)
  expect((error as VersionNotFoundError).nearest).toEqual(nearest)
})

test('a system that the vendor has no build for', async () => {
  const trixie = describeSystem('ID=debian\nVERSION_ID=13\nVERSION_CODENAME=trixie\nNAME=Debian', 'linux')
  const error = await failure('2.11', { system: trixie })
  expect(error).toBeInstanceOf(VersionNotFoundError)
  expect(error.summary).toBe(
    `there is no build of Tarantool 2.11 for Debian 13 (trixie, ${architecture}): ${machine.vendor.url}/tarantool/release/series-2/debian/dists/trixie/Release answers 404`,
  )
  expect((error as VersionNotFoundError).nearest).toEqual(['3.10.1', '3.8.0', '3.7.0'])
  // apt would ask the same repository.
  expect(error.hint).toMatch(/TARANTOOL_BIN to its path\. .*\n.*tarantool:2\.11\)/)
  expect(error.hint).not.toContain('apt-get')
})

test('a processor that the index does not list', async () => {
  const other = architecture === 'amd64' ? 'arm64' : 'amd64'
  machine.vendor.add('series-4/linux-deb', [tarantool('4.0.0-1')], { architectures: [other] })
  expect((await failure('4')).summary).toMatch(
    /^there is no build of Tarantool 4 for Debian 12 \(a\w+64\): http:\S+\/Release lists no main\/binary-a\w+64\/Packages$/,
  )
})

test.each<[string, RepositoryOptions, RegExp]>([
  [
    'other paths',
    { distribution: 'static', architectures: ['riscv64'] },
    /Release lists no main\/binary-a\w+64\/Packages/,
  ],
  [
    'other packages',
    { edit: text => text.replaceAll('Package: tarantool', 'Package: tnt') },
    /lists no release of tarantool/,
  ],
])('an index with %s is not that of a mirror', async (_, options, message) => {
  machine.vendor.add('series-3/linux-deb', [tarantool('3.8.0-1')], options)
  const error = await failure('3')
  expect(error).toBeInstanceOf(DownloadError)
  expect(error.summary).toMatch(message)
  expect(error.summary).toMatch(/: it is not a mirror of the vendor's releases$/)
})

describe('each link of the chain is checked:', () => {
  const grow = (content: Buffer): Buffer => Buffer.concat([content, Buffer.from('\n')])
  const alter = (content: Buffer): Buffer => {
    const altered = Buffer.from(content)
    altered[altered.length - 30] = (altered[altered.length - 30] ?? 0) ^ 1
    return altered
  }
  const inIndex =
    (from: RegExp, to: string) =>
    (content: Buffer): Buffer =>
      Buffer.from(content.toString().replaceAll(from, to))

  test.each([
    [
      'Packages.gz has another size',
      'Packages.gz',
      grow,
      /Packages\.gz has \d+ bytes, and the repository's Release says/,
    ],
    [
      'Packages.gz has another sum',
      'Packages.gz',
      alter,
      /Packages\.gz has another SHA256 than the repository's Release/,
    ],
    ['the package has another size', '.deb', grow, /\.deb has \d+ bytes, and its index says \d+$/],
    ['the package has another sum', '.deb', alter, /\.deb has another SHA256 than its index says$/],
    [
      'Release is a web page',
      'Release',
      () => Buffer.from('<html>\nLog in</html>'),
      /is not the Release file .*'<html>'/,
    ],
    ['Release has no SHA256', 'Release', inIndex(/SHA256:/g, 'SHA1:'), /is not the Release file of a repository/],
  ])('%s', async (_, end, change, message) => {
    machine.vendor.change(end, change)
    const error = await failure('3')
    expect(error).toBeInstanceOf(DownloadError)
    expect(error.summary).toMatch(message)
    expect(
      readdirSync(join(machine.cache, 'releases'))
        .filter(name => name === '.downloads')
        .flatMap(name => readdirSync(join(machine.cache, 'releases', name))),
    ).toEqual([])
  })

  test('Packages.gz unpacks to more than an index can be', async () => {
    const bomb = gzipSync(Buffer.alloc(65 * 2 ** 20))
    machine.vendor.change('Packages.gz', () => bomb)
    const sum = createHash('sha256').update(bomb).digest('hex')
    machine.vendor.change('Release', content =>
      Buffer.from(content.toString().replaceAll(/ [\da-f]{64} \d+ (\S+\.gz)$/gm, ` ${sum} ${bomb.length} $1`)),
    )
    expect((await failure('3')).summary).toMatch(/Packages\.gz is larger than an index can be$/)
  })

  test('the program is of another version than its package', async () => {
    machine.vendor.add('series-4/linux-deb', [tarantool('4.0.0-1', { says: '4.1.0' })])
    expect((await failure('4')).summary).toBe('the package of Tarantool 4.0.0 holds Tarantool 4.1.0')
  })

  test('the plain index is read where there is no packed one', async () => {
    machine.vendor.change('Packages.gz', undefined)
    expect((await machine.find('3')).version).toBe('3.10.1')
    machine.vendor.change('Packages', undefined)
    await expect(machine.find('3.8')).rejects.toThrow(/Packages\.gz answers 404/)
  })

  test('a file of another repository is none of this', async () => {
    const edit = (packages: string): string =>
      packages.replaceAll(/Filename: \S+/g, 'Filename: http://127.0.0.1:9/a.deb')
    machine.vendor.add('series-4/linux-deb', [tarantool('4.0.0-1')], { edit })
    expect((await failure('4')).summary).toMatch(/^there is no build of Tarantool 4/)
  })
})

describe('a package that is none:', () => {
  test.each([
    ['no archive', Buffer.from('<html>'), /it is not a Debian package/],
    [
      'a cut archive',
      ar({ 'debian-binary': Buffer.from('2.0\n'), 'data.tar': Buffer.alloc(2048) }).subarray(0, 900),
      /damaged/,
    ],
    ['an archive without files', ar({ 'debian-binary': Buffer.from('2.0\n') }), /without files/],
    [
      'files packed in an unknown way',
      ar({ 'data.tar.lzma': Buffer.alloc(10) }),
      /data\.tar\.lzma is packed in an unknown way/,
    ],
    ['files that are no tar', ar({ 'data.tar': Buffer.alloc(3000, 'x') }), /`tar` failed/],
    ['files that are not packed', ar({ 'data.tar.gz': Buffer.from('x') }), /\.deb could not be unpacked: /],
    ['no program', ar({ 'data.tar': Buffer.alloc(10_240) }), /the package has no usr\/bin\/tarantool/],
  ])('%s', async (_, content, message) => {
    machine.vendor.add('series-4/linux-deb', [{ ...tarantool('4.0.0-1'), content }])
    const error = await failure('4')
    expect(error).toBeInstanceOf(InstallError)
    expect(error.message).toMatch(message)
  })

  test('a program that does not run here', async () => {
    machine.vendor.add('series-4/linux-deb', [tarantool('4.0.0-1', { script: 'exit 3' })])
    expect((await failure('4')).summary).toMatch(/its program does not tell its version/)
    machine.vendor.add('series-5/linux-deb', [tarantool('5.0.0-1', { program: '/etc/passwd' })])
    expect((await failure('5')).summary).toMatch(/it does not run on this system|does not tell its version/)
  })
})

describe('the answer of the network comes first:', () => {
  test('refused', async () => {
    machine.vendor.stop()
    const error = await failure('3')
    expect(error.message).toMatch(
      /^could not connect to http:\/\/127\.0\.0\.1:\d+: the connection was refused \(connect ECONNREFUSED .*\) \[ERR_TARANTOOL_DOWNLOAD\]\nLooked for it:\n/,
    )
    expect(error.hint).toContain(`PATH: no \`tarantool\` in 1 directory: ${machine.bin}`)
    expect(error.hint).toMatch(/To install Tarantool 3 on Debian 12 .*apt-get install/)
  })

  test('a name that does not resolve', async () => {
    // No server of names is asked about a label of more than 63 letters.
    machine.env.TARANTOOL_FIXTURE_MIRROR = `http://${'a'.repeat(64)}.invalid`
    expect((await failure('3')).summary).toMatch(/^could not connect to http:\/\/a{64}\.invalid: its name could not/)
  })

  test.each([
    [404, DownloadError, 'answers 404: it is not a mirror of the vendor'],
    [403, DownloadError, 'answers 403'],
    [503, DownloadError, 'answers 503'],
    [407, DownloadError, 'answers 407'],
  ])('status %d', async (status, type, message) => {
    machine.vendor.intercept = (_, response) => !!response.writeHead(status).end()
    const error = await failure('3')
    expect(error).toBeInstanceOf(type)
    expect(error.summary).toContain(message)
  })

  test('a server that says nothing', async () => {
    machine.vendor.intercept = () => true
    const error = await failure('3', { patience: impatient })
    expect(error.summary).toMatch(/^http:\/\/127\.0\.0\.1:\d+ did not answer within 0\.2 s$/)
  })

  test('a server that is no HTTP server', async () => {
    const server = createServer(socket => void socket.end('220 smtp\r\n')).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    machine.env.TARANTOOL_FIXTURE_MIRROR = `http://127.0.0.1:${port}`
    expect((await failure('3')).summary).toMatch(/^could not connect to http:\/\/127\.0\.0\.1:\d+: /)
  })

  test('an index that ends in the middle', async () => {
    machine.vendor.intercept = (_, response, path) => {
      if (!path.endsWith('Packages.gz')) return false
      response.writeHead(200, { 'content-length': 1000 })
      response.write('half', () => response.destroy())
      return true
    }
    expect((await failure('3')).summary).toMatch(/Packages\.gz ended too early/)
  })

  test('a password of the mirror is sent, and never shown', async () => {
    const seen: (string | undefined)[] = []
    machine.vendor.intercept = request => {
      seen.push(request.headers.authorization)
      return undefined
    }
    machine.env.TARANTOOL_FIXTURE_MIRROR = machine.vendor.url.replace('://', '://ann:s%65cret@')
    await machine.find('3.8')
    expect(new Set(seen)).toEqual(new Set([`Basic ${Buffer.from('ann:secret').toString('base64')}`]))
    expect(machine.reports.join()).toMatch(/from http:\/\/127/)
    const error: unknown = await machine.find('3.9').catch((caught: unknown) => caught)
    expect(String(error)).not.toMatch(/s%65cret|secret/)
  })
})

describe('redirects', () => {
  const redirect = (to: (path: string) => string): void => {
    machine.vendor.intercept = (_, response, path) => {
      if (path.startsWith('/elsewhere')) return false
      response.writeHead(302, { location: to(path) }).end()
      return true
    }
  }

  test('are followed, on the same server and to another', async () => {
    const other = await newMachine()
    addReleases(other.vendor)
    machine.vendor.intercept = (_, response, path) => {
      if (path.startsWith('/mirror')) response.writeHead(301, { location: path.replace('/mirror', '') })
      else if (path.endsWith('.deb')) response.writeHead(307, { location: `${other.vendor.url}${path}` })
      else return false
      response.end()
      return true
    }
    machine.env.TARANTOOL_FIXTURE_MIRROR = `${machine.vendor.url}/mirror`
    expect((await machine.find('3')).version).toBe('3.10.1')
    expect(other.vendor.requests).toHaveLength(1)
  })

  test.each([
    ['for ever', () => '/again', /leads through more than 10 redirects/],
    ['to nowhere', () => 'http://', /answers 302, a redirect to "http:\/\/", which is no address/],
    ['to a file', () => 'file:///etc/passwd', /a redirect to "file:.*which is no address/],
  ])('%s', async (_, to, message) => {
    redirect(to)
    expect((await failure('3')).summary).toMatch(message)
  })
})

describe('nothing is named', () => {
  test('and the vendor does not answer: 5 s, then the package of the distribution', async () => {
    machine.vendor.intercept = () => true
    const error = await failure(undefined)
    expect(error).toBeInstanceOf(DownloadError)
    expect(error.message).toMatch(/^could not connect to http:\/\/127\.0\.0\.1:\d+: no answer within 5 s/)
    expect(error.hint).toMatch(/install: the distribution's package: PATH has no `apt-get`/)
  })

  test('and this system has neither build nor package', async () => {
    const alpine = describeSystem('ID=alpine\nVERSION_ID=3.20\nNAME="Alpine Linux"', 'linux')
    await expect(machine.find(undefined, { system: alpine })).rejects.toThrow('No Tarantool was found')
  })
})

test('a failure is kept for a minute, for each version', async () => {
  machine.vendor.intercept = (_, response) => !!response.writeHead(503).end()
  const cwd = machine.directory
  await expect(machine.find('3', { cwd })).rejects.toThrow(DownloadError)
  await expect(machine.find('3', { cwd })).rejects.toThrow(DownloadError)
  expect(machine.vendor.requests).toHaveLength(1)
})

test('a cache that cannot be written', async () => {
  writeFileSync(machine.cache, '')
  const finding = machine.find('3')
  await expect(finding).rejects.toThrow(/the cache .* cannot be written .*TARANTOOL_FIXTURE_CACHE/)
  expect(machine.vendor.requests).toEqual([])
})

test('a system of another kind is told by name', () => {
  expect(debian).toMatchObject({ codename: 'bookworm', libc: 'glibc' })
})
