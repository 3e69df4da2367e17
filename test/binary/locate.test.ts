import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Binary } from '../../src/binary/binary.ts'
import type { Manifest } from '../../src/binary/copy.ts'
import { type LocateOptions, locateBinary } from '../../src/binary/locate.ts'
import { describeSystem } from '../../src/binary/system.ts'
import { BinaryNotExecutableError, BinaryNotFoundError, DownloadError, InstallError } from '../../src/errors.ts'
import { deadMirror } from '../support/no-downloads.ts'
import { temporaryDirectory, writeProgram, writeTarantool } from './programs.ts'

const debian = describeSystem('ID=debian\nVERSION_ID="12"\nNAME="Debian GNU/Linux"', 'linux', 'x64')
const alpine = describeSystem('ID=alpine\nVERSION_ID=3.20.1\nNAME="Alpine Linux"', 'linux', 'x64')
const fedora = describeSystem('ID=fedora\nVERSION_ID=41\nNAME="Fedora Linux"', 'linux', 'arm64')
const macos = describeSystem('', 'darwin', 'arm64')

let directory = ''
let env: NodeJS.ProcessEnv = {}
const reports: string[] = []

beforeEach(() => {
  directory = temporaryDirectory()
  reports.length = 0
  // No source has anything, and none may be installed: each test adds its own.
  env = {
    PATH: join(directory, 'bin'),
    TARANTOOL_FIXTURE_MIRROR: deadMirror,
    TARANTOOL_FIXTURE_CACHE: join(directory, 'cache'),
    TARANTOOL_FIXTURE_INSTALL: '0',
  }
})

const at = (name: string): string => join(directory, name)

async function find(options: LocateOptions = {}): Promise<Binary> {
  return await locateBinary({ env, cwd: directory, system: debian, report: line => reports.push(line), ...options })
}

function writeCopy(place: string, manifest: Partial<Manifest> = {}): string {
  const path = writeTarantool(join(place, 'usr/bin/tarantool'))
  const whole: Manifest = {
    format: 1,
    tarantool: '2.6.0-0-g47aa4e01e',
    packages: {},
    installed: '2025-01-01T00:00:00.000Z',
    binary: 'usr/bin/tarantool',
    libraryPath: [],
    files: { 'usr/bin/tarantool': statSync(path).size },
    needs: ['/bin/sh'],
  }
  writeFileSync(join(place, 'manifest.json'), JSON.stringify({ ...whole, ...manifest }))
  return path
}

describe('the order', () => {
  test('commandToRun, TARANTOOL_BIN, PATH, cache', async () => {
    const cached = writeCopy(at('cache/debian-12-amd64'))
    expect(await find()).toEqual({ path: cached, env: {}, source: 'cache', version: '2.6.0-0-g47aa4e01e' })
    const onPath = writeTarantool(at('bin/tarantool'))
    env = { ...env, PATH: `${at('empty')}:${at('bin')}` }
    expect(await find()).toEqual({ path: onPath, env: {}, source: 'PATH' })
    const named = writeTarantool(at('named'))
    env = { ...env, TARANTOOL_BIN: named }
    expect(await find()).toEqual({ path: named, env: {}, source: 'TARANTOOL_BIN' })
    const command = writeTarantool(at('command'))
    expect(await find({ commandToRun: command })).toEqual({ path: command, env: {}, source: 'commandToRun' })
  })

  test('an empty TARANTOOL_BIN is none', async () => {
    const path = writeTarantool(at('bin/tarantool'))
    env = { ...env, TARANTOOL_BIN: '' }
    expect(await find()).toMatchObject({ path, source: 'PATH' })
  })

  test('a candidate on PATH that cannot be executed is passed over', async () => {
    writeProgram(at('broken/tarantool'), '', 0o644)
    mkdirSync(at('folder/tarantool'), { recursive: true })
    mkdirSync(at('dangling'))
    symlinkSync('/nowhere', at('dangling/tarantool'))
    const path = writeTarantool(at('bin/tarantool'))
    env = { ...env, PATH: ['broken', 'folder', 'dangling', 'bin'].map(at).join(':') }
    expect(await find()).toMatchObject({ path, source: 'PATH' })
  })

  test('a path is relative to cwd, a name is looked for on PATH', async () => {
    const path = writeTarantool(at('bin/tarantool-3'))
    expect(await find({ commandToRun: './bin/tarantool-3' })).toMatchObject({ path })
    expect(await find({ commandToRun: 'tarantool-3' })).toMatchObject({ path })
    env = { ...env, TARANTOOL_BIN: 'tarantool-3' }
    expect(await find()).toMatchObject({ path, source: 'TARANTOOL_BIN' })
  })

  test('an empty entry of PATH is cwd', async () => {
    const path = writeTarantool(at('tarantool'))
    env = { ...env, PATH: `${at('bin')}::${at('more')}` }
    expect(await find()).toMatchObject({ path })
  })
})

describe.each(['commandToRun', 'TARANTOOL_BIN'] as const)('%s is never replaced by another source:', source => {
  const findNamed = async (name: string): Promise<Binary> => {
    if (source === 'commandToRun') return await find({ commandToRun: name })
    env = { ...env, TARANTOOL_BIN: name }
    return await find()
  }

  test.each([
    ['a missing file', './absent', BinaryNotFoundError, /\.\/absent.*does not exist/],
    ['a missing name', 'absent', BinaryNotFoundError, /"absent", and PATH has no such program \(1 directory/],
    ['a file below a file', './plain/tarantool', BinaryNotFoundError, /does not exist/],
    ['a home directory by tilde', '~/tarantool', BinaryNotFoundError, /does not exist/],
    ['a file without rights', './plain', BinaryNotExecutableError, /may not be executed/],
    ['a name without rights', 'plain-on-path', BinaryNotExecutableError, /may not be executed/],
    ['a directory', './bin', BinaryNotExecutableError, /is a directory/],
  ])('%s', async (_, name, type, message) => {
    writeTarantool(at('bin/tarantool'))
    writeProgram(at('plain'), '', 0o644)
    writeProgram(at('bin/plain-on-path'), '', 0o644)
    const finding = findNamed(name)
    await expect(finding).rejects.toThrow(type)
    await expect(finding).rejects.toThrow(message)
    await expect(finding).rejects.toThrow(`${source} is ${JSON.stringify(name)}`)
  })
})

test('an empty commandToRun names nothing', async () => {
  writeTarantool(at('bin/tarantool'))
  await expect(find({ commandToRun: '' })).rejects.toThrow(/commandToRun is ""/)
})

describe('the cache', () => {
  test('a copy with libraries of its own says where they are', async () => {
    const place = at('cache/debian-12-amd64')
    writeCopy(place, { libraryPath: ['usr/lib/x', 'lib/x'] })
    expect((await find()).env).toEqual({ LD_LIBRARY_PATH: `${place}/usr/lib/x:${place}/lib/x` })
  })

  test('XDG_CACHE_HOME and HOME hold it', async () => {
    env = { ...env, TARANTOOL_FIXTURE_CACHE: undefined, HOME: at('home') }
    const inHome = writeCopy(at('home/.cache/tarantool-fixture/debian-12-amd64'))
    expect((await find()).path).toBe(inHome)
    env = { ...env, XDG_CACHE_HOME: at('xdg') }
    const inXdg = writeCopy(at('xdg/tarantool-fixture/debian-12-amd64'))
    expect((await find()).path).toBe(inXdg)
  })

  test.each<[string, Partial<Manifest>, RegExp]>([
    ['another size', { files: { 'usr/bin/tarantool': 7 } }, /lacks usr\/bin\/tarantool/],
    ['a missing library', { files: { 'lib/libx.so.1': 7 } }, /lacks lib\/libx\.so\.1/],
    ['a missing library of the system', { needs: ['/lib/libx.so.1'] }, /was made where \/lib\/libx\.so\.1 was there/],
    ['no list of files', { files: undefined as never }, /has no readable manifest/],
  ])('%s: not used', async (_, manifest, message) => {
    writeCopy(at('cache/debian-12-amd64'), manifest)
    await expect(find()).rejects.toThrow(message)
  })

  test.each([
    { what: 'the cache', path: 'cache' },
    { what: 'a directory above it', path: '.' },
    { what: 'the copy', path: 'cache/debian-12-amd64' },
    { what: 'the program', path: 'cache/debian-12-amd64/usr/bin/tarantool' },
    { what: 'a directory of libraries', path: 'cache/debian-12-amd64/lib' },
    { what: 'the manifest', path: 'cache/debian-12-amd64/manifest.json' },
  ])('others may write to $what: the copy is not run, and a line says so', async ({ path }) => {
    mkdirSync(at('cache/debian-12-amd64/lib'), { recursive: true })
    writeCopy(at('cache/debian-12-amd64'), { libraryPath: ['lib'] })
    chmodSync(at(path), 0o777)
    const line = `${at('cache/debian-12-amd64')} is not run: others may write to ${join(directory, path)}`
    await expect(find()).rejects.toThrow(`cache: ${line}`)
    expect(reports).toEqual([line])
    // After that is mended.
    chmodSync(at(path), 0o755)
    expect((await find()).source).toBe('cache')
  })

  test.skipIf(process.getuid?.() !== 0).each([
    { what: 'the program', path: 'cache/debian-12-amd64/usr/bin/tarantool' },
    { what: 'the copy', path: 'cache/debian-12-amd64' },
    { what: 'the cache', path: 'cache' },
  ])('$what belongs to another user: the copy is not run (needs root)', async ({ path }) => {
    writeCopy(at('cache/debian-12-amd64'))
    chownSync(at(path), 65_534, 65_534)
    await expect(find()).rejects.toThrow(`is not run: ${at(path)} belongs to another user (uid 65534)`)
  })

  test('nothing is installed where others may write', async () => {
    for (const tool of ['apt-get', 'apt-cache', 'dpkg']) writeProgram(at(`bin/${tool}`), 'exit 1')
    env = { ...env, TARANTOOL_FIXTURE_INSTALL: undefined }
    mkdirSync(at('cache'))
    chmodSync(at('cache'), 0o777)
    await expect(find()).rejects.toThrow(
      `install: not in a directory that others could change (others may write to ${at('cache')}); set TARANTOOL_FIXTURE_CACHE`,
    )
    expect(readdirSync(at('cache'))).toEqual([])
  })

  test('a copy of another system is not used', async () => {
    writeCopy(at('cache/debian-13-amd64'))
    await expect(find()).rejects.toThrow(/cache: .*debian-12-amd64 does not exist/)
  })
})

describe('nothing was found', () => {
  test('the error lists each source with its finding', async () => {
    writeProgram(at('bin/tarantool'), '', 0o644)
    const error: unknown = await find().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(BinaryNotFoundError)
    expect((error as Error).message.replaceAll(directory, '<dir>')).toMatchInlineSnapshot(`
      "No Tarantool was found [ERR_TARANTOOL_BINARY_NOT_FOUND]
      Looked for it:
        TARANTOOL_BIN: not set
        PATH: no \`tarantool\` in 1 directory: <dir>/bin
        PATH: <dir>/bin/tarantool may not be executed
        cache: no Tarantool 3 in <dir>/cache
        cache: <dir>/cache/debian-12-amd64 does not exist
        install: forbidden by TARANTOOL_FIXTURE_INSTALL=0
      To install Tarantool on Debian 12 (amd64): curl -L https://tarantool.io/release/3/installer.sh | bash && sudo apt-get install -y tarantool   (the distribution's own, older one: sudo apt-get install -y tarantool)
      To use another Tarantool, set TARANTOOL_BIN to its path. To run it in a container, use the docker option
      (image tarantool/tarantool). All packages: https://www.tarantool.io/en/download/
      See node_modules/tarantool-fixture/docs/errors.md#err_tarantool_binary_not_found"
    `)
    expect(reports).toEqual([])
  })

  test.each([
    [alpine, /install: there is no build of Tarantool 3 for Alpine Linux 3\.20\.1 \(amd64\)/, /docker option/],
    [macos, /install: there is no build of Tarantool 3 for macOS/, /brew install tarantool/],
  ])('$name', async (system, finding, command) => {
    env = { ...env, TARANTOOL_FIXTURE_INSTALL: undefined }
    const locating = find({ system })
    await expect(locating).rejects.toThrow(BinaryNotFoundError)
    await expect(locating).rejects.toThrow(finding)
    await expect(locating).rejects.toThrow(command)
  })

  test.each([
    [fedora, /package: for Debian and Ubuntu only, and this is Fedora Linux 41/, /installer\.sh \| bash && sudo dnf/],
    [debian, /package: PATH has no `apt-get`/, /apt-get install -y tarantool/],
  ])('$name: the answer of the network comes first', async (system, finding, command) => {
    env = { ...env, TARANTOOL_FIXTURE_INSTALL: undefined }
    const locating = find({ system })
    await expect(locating).rejects.toThrow(DownloadError)
    await expect(locating).rejects.toThrow(/^could not connect to http:\/\/127\.0\.0\.1:9: the connection was refused/)
    await expect(locating).rejects.toThrow(finding)
    await expect(locating).rejects.toThrow(command)
  })
})

test('a cache that cannot be written is an error that names its variable', async () => {
  for (const tool of ['apt-get', 'apt-cache', 'dpkg']) writeProgram(at(`bin/${tool}`), '')
  writeFileSync(at('plain'), '')
  env = { ...env, TARANTOOL_FIXTURE_INSTALL: undefined, TARANTOOL_FIXTURE_CACHE: at('plain/cache') }
  const locating = find()
  await expect(locating).rejects.toThrow(InstallError)
  await expect(locating).rejects.not.toThrow(DownloadError)
  await expect(locating).rejects.toThrow(/plain\/cache cannot be written .*TARANTOOL_FIXTURE_CACHE/)
})

describe('a repeated call', () => {
  test('sees that its file has gone or lost its rights', async () => {
    const first = writeTarantool(at('bin/tarantool'))
    const second = writeTarantool(at('more/tarantool'))
    env = { ...env, PATH: `${at('bin')}:${at('more')}` }
    expect((await find()).path).toBe(first)
    chmodSync(first, 0o644)
    expect((await find()).path).toBe(second)
    rmSync(second)
    await expect(find()).rejects.toThrow(BinaryNotFoundError)
    chmodSync(first, 0o755)
    expect((await find()).path).toBe(first)
  })

  test('sees a changed environment', async () => {
    const first = writeTarantool(at('bin/tarantool'))
    expect((await find()).path).toBe(first)
    env.TARANTOOL_BIN = writeTarantool(at('other'))
    expect((await find()).path).toBe(env.TARANTOOL_BIN)
  })

  test('costs next to nothing', async () => {
    writeTarantool(at('bin/tarantool'))
    await find()
    const begun = performance.now()
    for (let call = 0; call < 100; call++) await find()
    expect((performance.now() - begun) / 100).toBeLessThan(1)
  })
})

test('a signal that is aborted already stops the search', async () => {
  await expect(find({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
})
