import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { execa, type Options, type Subprocess } from 'execa'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Patience } from '../../../src/binary/download/answer.ts'
import { showProgress } from '../../../src/binary/download/progress.ts'
import { systemKey } from '../../../src/binary/system.ts'
import { DownloadError } from '../../../src/errors.ts'
import { bundled } from '../../support/bundled.ts'
import { isOpenToOthers } from '../../support/other-user.ts'
import { distributed, startDistribution, tools } from '../distribution.ts'
import { linkPrograms, onPath, writeProgram } from '../programs.ts'
import { debian } from './debian.ts'
import { addReleases, letADayPass, type Machine, newMachine, tarantool } from './fetching.ts'
import type { DebPackage } from './packages.ts'

let machine: Machine
let deb: DebPackage

beforeEach(async () => {
  machine = await newMachine()
  deb = tarantool('4.0.0-1', { ballast: 2 ** 20 })
  machine.vendor.add('series-4/linux-deb', [deb])
})

const size = (): number => deb.content.length
const downloads = (): string => join(machine.cache, 'releases/.downloads')
const partials = (): string[] => (existsSync(downloads()) ? readdirSync(downloads()) : [])
const ranges = (): string[] => machine.vendor.asked('.deb').map(request => request.split(' ')[2] ?? 'whole')

/** Answers for packages; everything else is served as it is. */
function onPackage(answer: (request: IncomingMessage, response: ServerResponse, count: number) => boolean): void {
  let count = 0
  machine.vendor.intercept = (request, response, path) =>
    path.endsWith('.deb') ? answer(request, response, ++count) : undefined
}

const validator = '"a"'

const startOf = ({ headers: { range = '' } }: IncomingMessage): number => Number(/\d+/.exec(range)?.[0] ?? 0)

/** Sends some of the bytes that are asked for, then ends the connection. */
function cut(request: IncomingMessage, response: ServerResponse, length = Math.floor(size() / 3)): true {
  const from = startOf(request)
  const headers = { etag: validator, 'content-length': size() - from }
  if (from === 0) response.writeHead(200, headers)
  else response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${size() - 1}/${size()}` })
  send(response, deb.content.subarray(from, from + length), from + length)
  return true
}

/** Sends bytes, and ends the connection when they have arrived: those on their way would be lost with it. */
function send(response: ServerResponse, content: Buffer, arrived: number): void {
  response.write(content)
  const timer = setInterval(() => {
    if (received() < arrived) return
    clearInterval(timer)
    response.socket?.end()
  }, 10)
  onTestFinished(() => clearInterval(timer))
}

function received(): number {
  const parts = partials().filter(name => name.endsWith('.partial'))
  return Math.max(0, ...parts.map(name => statSync(join(downloads(), name)).size))
}

/** Sends the rest of the package that is asked for. */
function rest(request: IncomingMessage, response: ServerResponse): boolean {
  const from = startOf(request)
  if (from === 0) return !!response.writeHead(200, { etag: validator }).end(deb.content)
  const part = deb.content.subarray(from)
  response.writeHead(206, { etag: validator, 'content-range': `bytes ${from}-${size() - 1}/${size()}` }).end(part)
  return true
}

describe('a download that is cut off', () => {
  test('goes on where it ended, several times', async () => {
    const conditions: unknown[] = []
    onPackage((request, response, count) => {
      conditions.push(request.headers['if-range'])
      return count < 3 ? cut(request, response) : rest(request, response)
    })
    expect((await machine.find('4')).version).toBe('4.0.0')
    expect(conditions).toEqual([undefined, validator, validator])
    const [first, second, third] = ranges().map(range => Number(/\d+/.exec(range)?.[0] ?? 0))
    expect([first, ranges().length]).toEqual([0, 3])
    expect(second).toBeGreaterThan(0)
    expect(third).toBeGreaterThan(second ?? 0)
    expect(partials()).toEqual([])
  })

  test('goes on in a later search', async () => {
    onPackage((request, response, count) => (count === 1 ? cut(request, response) : !!response.writeHead(404).end()))
    await expect(machine.find('4')).rejects.toThrow(/answers 404/)
    expect(partials()).toEqual([
      expect.stringMatching(/^[\da-f]{64}\.partial$/),
      expect.stringMatching(/\.partial\.json$/),
    ])
    onPackage(rest)
    expect((await machine.find('4')).version).toBe('4.0.0')
    expect(ranges().at(-1)).toMatch(/^bytes=[1-9]\d*-$/)
  })

  test('begins again where the server has another file', async () => {
    onPackage((request, response, count) => (count === 1 ? cut(request, response) : false))
    expect((await machine.find('4')).version).toBe('4.0.0')
    expect(ranges()).toHaveLength(2)
  })

  test('begins again where the server knows no ranges', async () => {
    onPackage((request, response, count) => {
      if (count === 1) return cut(request, response)
      response.writeHead(200).end(deb.content)
      return true
    })
    expect((await machine.find('4')).version).toBe('4.0.0')
  })

  test('begins again where its first part was of another file', async () => {
    onPackage((request, response, count) => {
      if (count > 1) return count === 2 ? rest(request, response) : false
      response.writeHead(200, { etag: validator, 'content-length': size() })
      send(response, Buffer.alloc(1000), 1000)
      return true
    })
    expect((await machine.find('4')).version).toBe('4.0.0')
    expect(ranges()).toEqual(['whole', 'bytes=1000-', 'whole'])
  })

  test('begins again where the rest is not to be had', async () => {
    onPackage((request, response, count) => {
      if (count === 1) return cut(request, response)
      return count === 2 ? !!response.writeHead(416).end() : false
    })
    expect((await machine.find('4')).version).toBe('4.0.0')
  })

  test('is given up when nothing comes any more', async () => {
    onPackage((request, response, count) => cut(request, response, count === 1 ? 1000 : 0))
    const finding = machine.find('4')
    await expect(finding).rejects.toThrow(DownloadError)
    await expect(finding).rejects.toThrow(/^http:\/\/127\.0\.0\.1:\d+ ended the connection/)
    expect(ranges()).toHaveLength(4)
  })

  test('goes on after a server that was too busy', async () => {
    onPackage((_, response, count) => (count < 3 ? !!response.writeHead(503).end() : false))
    expect((await machine.find('4')).version).toBe('4.0.0')
  })

  test('and stalls is one as well', async () => {
    const patience: Patience = { connect: 1000, answer: 1000, stall: 200 }
    onPackage((request, response, count) => {
      if (count > 1) return rest(request, response)
      response.writeHead(200, { etag: validator, 'content-length': size() })
      response.write(deb.content.subarray(0, 1000))
      return true
    })
    expect((await machine.find('4', { patience })).version).toBe('4.0.0')
    expect(ranges()).toEqual(['whole', 'bytes=1000-'])
  })

  test.each([
    [
      'more bytes',
      (): Buffer => Buffer.concat([deb.content, Buffer.from('x')]),
      /has more bytes than|has \d+ bytes, and/,
    ],
    ['other bytes', (): Buffer => Buffer.alloc(size()), /has another SHA256 than its index says/],
  ])('%s than the index says are refused', async (_, content, message) => {
    onPackage((_request, response) => {
      // Without a length, so that the bytes have to be counted.
      response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(content())
      return true
    })
    await expect(machine.find('4')).rejects.toThrow(message)
    expect(partials().filter(name => name.endsWith('.deb'))).toEqual([])
  })

  test('a search that is given up ends it', async () => {
    const abort = new AbortController()
    onPackage((_, response) => {
      response.writeHead(200, { etag: validator, 'content-length': size() })
      response.write(deb.content.subarray(0, 1000), () => abort.abort(new Error('enough')))
      return true
    })
    await expect(machine.find('4', { signal: abort.signal })).rejects.toThrow('enough')
    const releases = join(machine.cache, 'releases')
    const busy = (): string[] => [
      ...readdirSync(join(releases, '.locks')),
      ...readdirSync(releases).filter(name => name.startsWith('.partial')),
    ]
    await expect.poll(busy).toEqual([])
  })
})

test('a download, which can be slow, holds no directory that others sweep', async () => {
  const during: string[] = []
  onPackage(() => {
    during.push(...readdirSync(join(machine.cache, 'releases')).filter(name => name.startsWith('.partial')))
    return false
  })
  await machine.find('4')
  expect([during, ranges()]).toEqual([[], ['whole']])
})

describe('progress', () => {
  test('is a line a second at most, where there is no terminal', () => {
    const lines: string[] = []
    let now = 0
    const progress = showProgress(
      'downloading',
      line => lines.push(line),
      undefined,
      () => now,
    )
    for (; now < 3500; now += 100) progress.update(now * 1000, 3_500_000)
    progress.update(3_500_000, 3_500_000)
    progress.end()
    expect(lines).toEqual([
      'downloading: 1.0 of 3.5 MB (28 %)',
      'downloading: 2.0 of 3.5 MB (57 %)',
      'downloading: 3.0 of 3.5 MB (85 %)',
    ])
  })

  test('is a bar on a terminal, and the bar goes', async () => {
    let written = ''
    const terminal = {
      isTTY: true,
      columns: 90,
      write: (text: string) => (written += text.replaceAll('\x1b[K', '<clear>')),
    }
    await machine.find('4', { terminal })
    expect(written).toMatch(/\r<clear>tarantool-fixture: downloading Tarantool 4\.0\.0 \[=+ *\] \d\.\d of \d\.\d MB/)
    expect(written).toMatch(/\[={24}\] (\d\.\d) of \1 MB\r<clear>$/)
    expect(Math.max(...written.split('\r').map(line => line.length))).toBeLessThan(100)
  })

  test('tells a slow server from a dead one', async () => {
    const patience: Patience = { connect: 1000, answer: 1000, stall: 1000 }
    onPackage((_, response) => {
      response.writeHead(200, { 'content-length': size() })
      const step = Math.ceil(size() / 8)
      let at = 0
      const timer = setInterval(() => {
        response.write(deb.content.subarray(at, at + step))
        at += step
        if (at >= size()) clearInterval(timer)
        if (at >= size()) response.end()
      }, 300)
      onTestFinished(() => clearInterval(timer))
      return true
    })
    await machine.find('4', { patience })
    expect(machine.reports.length).toBeGreaterThan(1)
    expect(machine.reports[1]).toMatch(/^downloading Tarantool 4\.0\.0: \d\.\d of \d\.\d MB \(\d+ %\)$/)
  })
})

const finder = await bundled(join(import.meta.dirname, 'finder.ts'))

function findInProcess(version: string | undefined, options: Options = {}): Subprocess {
  const { env, ...others } = options
  return execa(process.execPath, [finder, ...(version === undefined ? [] : [version])], {
    ...{ env: { ...machine.env, ...env }, extendEnv: false, stdin: 'ignore', reject: false, cwd: machine.directory },
    ...others,
  })
}

describe('processes', () => {
  test('ten at once: one downloads, the others wait and say so', async () => {
    linkPrograms(machine.bin, ['tar', 'sh'])
    const results = await Promise.all(Array.from({ length: 10 }, () => findInProcess('4')))
    expect(results.map(({ exitCode }) => exitCode)).toEqual(Array(10).fill(0))
    expect(new Set(results.map(({ stdout }) => JSON.parse(String(stdout)).path)).size).toBe(1)
    expect(ranges()).toEqual(['whole'])
    expect(machine.vendor.asked('/Release')).toHaveLength(1)
    const said = results.map(({ stderr }) => String(stderr))
    expect(said.filter(text => text.includes('downloading Tarantool 4.0.0 ('))).toHaveLength(1)
    expect(said.join('\n')).toMatch(/waiting for process \d+, which installs Tarantool 4/)
  })

  test('different wishes that one release fits: it is downloaded once', async () => {
    linkPrograms(machine.bin, ['tar', 'sh'])
    const results = await Promise.all(['4', '4.0', '4.0.0', '4', '4.0'].map(version => findInProcess(version)))
    expect(results.map(({ stdout }) => JSON.parse(String(stdout)).version)).toEqual(Array(5).fill('4.0.0'))
    expect(ranges()).toEqual(['whole'])
  })

  test('ten at once without a network: one asks, all fail', async () => {
    machine.vendor.intercept = (_, response) => {
      setTimeout(() => response.destroy(), 1500)
      return true
    }
    const results = await Promise.all(Array.from({ length: 10 }, () => findInProcess('4')))
    expect(results.map(({ exitCode }) => exitCode)).toEqual(Array(10).fill(1))
    for (const { stderr } of results) expect(stderr).toContain('ended the connection')
    expect(machine.vendor.requests.length).toBeLessThan(10)
  })

  test('one that is killed in the middle: the next takes over, and resumes', async () => {
    linkPrograms(machine.bin, ['tar', 'sh'])
    let sent: (() => void) | undefined
    const halfway = new Promise<void>(resolve => {
      sent = resolve
    })
    onPackage((request, response, count) => {
      if (count > 1) return rest(request, response)
      response.writeHead(200, { etag: validator, 'content-length': size() })
      response.write(deb.content.subarray(0, size() / 2), () => sent?.())
      return true
    })
    const killed = findInProcess('4')
    await halfway
    await expect.poll(received, { timeout: 10_000 }).toBe(Math.floor(size() / 2))
    killed.kill('SIGKILL')
    await killed
    expect((await machine.find('4')).version).toBe('4.0.0')
    expect(ranges()).toEqual(['whole', `bytes=${Math.floor(size() / 2)}-`])
    expect(readdirSync(join(machine.cache, 'releases')).filter(name => name.startsWith('.partial'))).toEqual([])
  })

  test('no dpkg on PATH, only tar', async () => {
    addReleases(machine.vendor)
    linkPrograms(machine.bin, ['tar', 'sh'])
    const { exitCode, stdout, stderr } = await findInProcess('3')
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('downloading')])
    expect(JSON.parse(String(stdout))).toMatchObject({ version: '3.10.1' })
  })

  test.each([
    ['Fedora', 'ID=fedora\nVERSION_ID=41\nNAME="Fedora Linux"'],
    ['Arch', 'ID=arch\nBUILD_ID=rolling\nNAME="Arch Linux"'],
    ['Amazon', 'ID=amzn\nID_LIKE="fedora"\nVERSION_ID=2023\nNAME="Amazon Linux"'],
  ])('a static release on %s', async (_, osRelease) => {
    linkPrograms(machine.bin, ['tar', 'sh', 'gzip'])
    const { stdout } = await findInProcess('4', { env: { OS_RELEASE: osRelease } })
    expect(JSON.parse(String(stdout))).toMatchObject({ version: '4.0.0', source: 'installed' })
  })

  test.each(['xz', 'zst'] as const)('no %s on PATH, only dpkg-deb', async compression => {
    machine.vendor.add('series-5/linux-deb', [tarantool('5.0.0-1', { compression })])
    linkPrograms(machine.bin, ['tar', 'sh', 'dpkg-deb'])
    const { stdout } = await findInProcess('5')
    expect(JSON.parse(String(stdout))).toMatchObject({ version: '5.0.0' })
  })

  test('a tar that unpacks xz by itself', async () => {
    machine.vendor.add('series-5/linux-deb', [tarantool('5.0.0-1', { compression: 'xz' })])
    linkPrograms(machine.bin, ['sh'])
    const path = process.env.PATH ?? ''
    writeProgram(join(machine.bin, 'tar'), `PATH='${path}' exec tar "$@"`)
    const { stdout } = await findInProcess('5')
    expect(JSON.parse(String(stdout))).toMatchObject({ version: '5.0.0' })
  })

  test('what unpacks the package is not on PATH: a later search needs no download', async () => {
    machine.vendor.add('series-5/linux-deb', [tarantool('5.0.0-1', { compression: 'xz' })])
    linkPrograms(machine.bin, ['tar', 'sh'])
    const { stderr } = await findInProcess('5')
    expect(stderr).toMatch(/could not be unpacked: PATH has no `xz`, which unpacks the package/)
    expect(partials()).toEqual([expect.stringMatching(/^[\da-f]{64}\.deb$/)])
    linkPrograms(machine.bin, ['xz'])
    const { stdout, stderr: silence } = await findInProcess('5')
    expect([JSON.parse(String(stdout)), silence]).toEqual([expect.objectContaining({ version: '5.0.0' }), ''])
    expect([ranges(), partials()]).toEqual([['whole'], []])
  })

  test('no tar on PATH: nothing is downloaded', async () => {
    linkPrograms(machine.bin, ['sh'])
    const { stderr } = await findInProcess('4')
    expect(stderr).toMatch(/PATH has no `tar`, which unpacks the package/)
    expect(ranges()).toEqual([])
  })
})

test('a package that was downloaded, and is damaged now, is downloaded again', async () => {
  mkdirSync(downloads(), { recursive: true })
  const name = createHash('sha256').update(deb.content).digest('hex')
  writeFileSync(join(downloads(), `${name}.deb`), Buffer.alloc(size()))
  expect((await machine.find('4')).version).toBe('4.0.0')
  expect([ranges(), partials()]).toEqual([['whole'], []])
})

test('a package whose content is refused does not stay', async () => {
  machine.vendor.add('series-5/linux-deb', [tarantool('5.0.0-1', { says: '5.1.0' })])
  machine.vendor.add('series-6/linux-deb', [{ ...tarantool('6.0.0-1'), content: Buffer.from('no archive') }])
  await expect(machine.find('5')).rejects.toThrow('holds Tarantool 5.1.0')
  await expect(machine.find('6')).rejects.toThrow('it is not a Debian package')
  expect(partials()).toEqual([])
})

const isRoot = process.getuid?.() === 0

const isClosed = !isRoot || ![finder, process.execPath].every(path => isOpenToOthers(dirname(path)))

test.skipIf(isClosed)(
  'a cache that can only be read is used as it is (as root only: it is another user’s)',
  async () => {
    await machine.find('4')
    chmodSync(machine.directory, 0o755)
    letADayPass(machine.cache)
    const { length } = machine.vendor.requests
    const { stdout, stderr } = await findInProcess('4', { uid: 65_534, gid: 65_534 })
    expect([JSON.parse(String(stdout)), stderr]).toEqual([
      expect.objectContaining({ version: '4.0.0', source: 'cache' }),
      '',
    ])
    expect(machine.vendor.requests).toHaveLength(length)
    const { stderr: refusal } = await findInProcess('3', { uid: 65_534, gid: 65_534 })
    expect(refusal).toMatch(
      /the cache .* cannot be written \(EACCES.*\); set TARANTOOL_FIXTURE_CACHE to another directory/,
    )
  },
)

test.skipIf(isClosed)('so is one without releases (as root only: it is another user’s)', async () => {
  await machine.find('4')
  chmodSync(machine.directory, 0o755)
  const releases = join(machine.cache, 'releases')
  const [copy = ''] = readdirSync(releases).filter(name => name.startsWith('4'))
  renameSync(join(releases, copy), join(machine.cache, systemKey(debian)))
  rmSync(releases, { recursive: true })
  const { stdout, stderr } = await findInProcess('4', { uid: 65_534, gid: 65_534 })
  expect([JSON.parse(String(stdout)), stderr]).toEqual([expect.objectContaining({ source: 'cache' }), ''])
})

const canUseApt = tools.every(onPath)

test.skipIf(!canUseApt)(
  'a vendor that hangs, and nothing is named: the package of the distribution (needs apt)',
  async () => {
    linkPrograms(machine.bin, ['apt-cache', 'apt-get', 'dpkg', 'dpkg-deb', 'ldd', 'sh', 'tar'])
    const { settings } = await startDistribution([distributed({ version: '2.6.0-1' })])
    machine.vendor.intercept = () => true
    const { stdout, stderr } = await findInProcess(undefined, { env: { APT_CONFIG: settings } })
    expect(stderr).toMatch(
      /no tarantool found, and could not connect to .*: no answer within 5 s; installing Debian 12's/,
    )
    expect(JSON.parse(String(stdout))).toMatchObject({ version: '2.6.0', source: 'installed' })
    expect(machine.vendor.requests).toHaveLength(1)
  },
)

describe('a full disk', () => {
  const onSmallDisk = async (kilobytes: number, fill = ''): Promise<{ stderr: string; left: string } | undefined> => {
    const command = `mount -t tmpfs -o size=${kilobytes}k tmpfs "$1" && disk=$1 && shift
      ${fill}
      "$@"; find "$disk" -type f -size +0`
    const probe = await execa('unshare', ['-m', 'sh', '-c', command, 'sh', machine.directory, 'true'], {
      reject: false,
    })
    if (probe.failed) return undefined
    const program = [process.execPath, finder, '4']
    const { stderr, stdout } = await execa(
      'unshare',
      ['-m', 'sh', '-c', command, 'sh', machine.directory, ...program],
      {
        ...{
          env: { ...machine.env, PATH: process.env.PATH, TARANTOOL_FIXTURE_CACHE: machine.cache, TARANTOOL_BIN: '' },
        },
        reject: false,
      },
    )
    return { stderr, left: stdout }
  }

  test.skipIf(!isRoot).for([
    ['has no room for the package', 512],
    ['has no room for what is in it', 1700],
  ] as const)('%s (as root only: it mounts one)', async ([, kilobytes], context) => {
    const result = await onSmallDisk(kilobytes)
    if (!result) return context.skip('no mounts in this container')
    expect(result.stderr).toMatch(/the disk is full: .* has no room for \d+ MB/)
    expect(result.stderr).toContain('Set TARANTOOL_FIXTURE_CACHE to a directory on another disk')
    // Nothing large stays, for it would keep the disk full.
    expect(result.left).not.toMatch(/\.deb$|\.partial$/m)
  })

  test.skipIf(!isRoot)('has no room at all (as root only: it mounts one)', async context => {
    const result = await onSmallDisk(64, 'cat /dev/zero > "$disk/fill" 2> /dev/null')
    if (!result) return context.skip('no mounts in this container')
    expect(result.stderr).toMatch(/the disk is full: .* has no room for a download/)
    expect(result.stderr).toContain('Set TARANTOOL_FIXTURE_CACHE to a directory on another disk')
  })
})

test('an old, partial download that nobody resumes is removed', async () => {
  await machine.find('4')
  const old = join(downloads(), `${'0'.repeat(64)}.partial`)
  writeFileSync(old, 'part')
  utimesSync(old, new Date(0), new Date(0))
  addReleases(machine.vendor)
  await machine.find('3')
  expect(partials()).toEqual([])
})
