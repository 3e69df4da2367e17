import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Binary } from '../../src/binary/binary.ts'
import { binaryVersion } from '../../src/binary/binary-version.ts'
import { locateBinary } from '../../src/binary/locate.ts'
import {
  BinaryNotExecutableError,
  BinaryNotFoundError,
  NotTarantoolError,
  UnsupportedVersionError,
} from '../../src/errors.ts'
import { compareVersions, isAtLeast, parseVersion } from '../../src/version/version.ts'
import { temporaryDirectory, writeProgram, writeTarantool } from '../binary/programs.ts'

const binary = (path: string): Binary => ({ path, env: {}, source: 'commandToRun' })

describe('parseVersion', () => {
  test.each([
    ['1.10.15-0-g41d09ad5c', 1, 10, 15],
    ['2.6.0-0-g47aa4e01e', 2, 6, 0],
    ['2.11.1-0-g96877bd35', 2, 11, 1],
    ['3.0.0-entrypoint-512-gdeadbeef0', 3, 0, 0],
    ['3.8.0~dev-0-gabc', 3, 8, 0],
    ['2.11', 2, 11, 0],
  ])('%s', (text, major, minor, patch) => {
    expect(parseVersion(text)).toEqual({ text, major, minor, patch })
  })

  test.each([
    ['Tarantool 2.6.0-0-g47aa4e01e\nTarget: Linux-x86_64-RelWithDebInfo\n', '2.6.0-0-g47aa4e01e'],
    ['Tarantool 2.6.0-1.2+b1\nTarget: Linux', '2.6.0-1.2+b1'],
    ['Tarantool Enterprise 3.0.0-0-gf58f7d82a-r24-gc64\nTarget: Linux', '3.0.0-0-gf58f7d82a-r24-gc64'],
  ])('%j', (output, text) => {
    expect(parseVersion(output).text).toBe(text)
  })

  test.each(['', 'GNU bash', 'Tarantool', 'two.six'])('%j is none', text => {
    expect(() => parseVersion(text)).toThrow(NotTarantoolError)
  })
})

test.each([
  ['1.10.15', '2.6.0', -1],
  ['2.10.0', '2.9.9', 1],
  ['2.6.1', '2.6.0', 1],
  ['3.0.0-0-ga', '3.0.0-1-gb', 0],
])('%s compared with %s', (a, b, sign) => {
  expect(Math.sign(compareVersions(parseVersion(a), parseVersion(b)))).toBe(sign)
})

test('isAtLeast counts the version itself', () => {
  const version = parseVersion('2.4.1')
  expect([isAtLeast(version, 2, 4), isAtLeast(version, 2, 4, 1), isAtLeast(version, 2, 4, 2)]).toEqual([
    true,
    true,
    false,
  ])
})

describe('binaryVersion', () => {
  test('asks the real Tarantool', async () => {
    const version = await binaryVersion(await locateBinary())
    expect(isAtLeast(version, 1, 10)).toBe(true)
    expect(version.text).toMatch(/^\d+\.\d+\.\d+/)
  })

  test('asks once per file, and again when the file has changed', async () => {
    const directory = temporaryDirectory()
    const calls = join(directory, 'calls')
    const path = writeProgram(join(directory, 'tarantool'), `echo >> ${calls}; echo Tarantool 2.6.0`)
    const asked = (): number => readFileSync(calls, 'utf8').length
    await Promise.all([binaryVersion(binary(path)), binaryVersion(binary(path))])
    await binaryVersion(binary(path))
    expect(asked()).toBe(1)
    writeProgram(path, `echo >> ${calls}; echo Tarantool 2.11.10`)
    expect((await binaryVersion(binary(path))).text).toBe('2.11.10')
    expect(asked()).toBe(2)
  })

  test('asks through a wrapper with its arguments, in the environment of the binary', async () => {
    const directory = temporaryDirectory()
    const wrapped = writeProgram(join(directory, 'wrapped'), 'echo Tarantool $WRAPPED $1')
    const path = writeProgram(join(directory, 'wrapper'), 'exec "$@"')
    const version = await binaryVersion({ ...binary(path), env: { WRAPPED: '2.8.1' } }, { commandArgs: [wrapped] })
    expect(version.text).toBe('2.8.1')
  })

  test.each([
    ['prints another version', 'echo "node v20.19.0"', /says:\n {2}node v20/],
    ['fails', 'echo "no such option" >&2; exit 2', /no such option/],
    ['says nothing', 'exit 0', /says nothing/],
    ['never stops printing', 'while :; do echo y; done', /is not Tarantool/],
  ])('refuses a program that %s', async (_, script, message) => {
    const path = writeProgram(join(temporaryDirectory(), 'tarantool'), script)
    const asking = binaryVersion(binary(path))
    await expect(asking).rejects.toThrow(NotTarantoolError)
    await expect(asking).rejects.toThrow(message)
  })

  test('kills a program that hangs, with its children, after 5 s', async () => {
    const directory = temporaryDirectory()
    const path = writeProgram(join(directory, 'tarantool'), `sleep 60 & echo $! > ${directory}/child; wait`)
    await expect(binaryVersion(binary(path))).rejects.toThrow(/is not Tarantool: .* did not end within 5 s/)
    const child = Number(readFileSync(join(directory, 'child'), 'utf8'))
    await expect.poll(() => isRunning(child)).toBe(false)
  })

  test('refuses a Tarantool before 1.10', async () => {
    const path = writeTarantool(join(temporaryDirectory(), 'tarantool'), '1.9.0-0-g1234567')
    const asking = binaryVersion(binary(path))
    await expect(asking).rejects.toThrow(UnsupportedVersionError)
    await expect(asking).rejects.toThrow(/1\.9\.0.*1\.10 or later.*\n.*install/i)
  })

  test('names a file that has gone', async () => {
    await expect(binaryVersion(binary('/nowhere/tarantool'))).rejects.toThrow(BinaryNotFoundError)
  })

  test('tells a program that this machine cannot run', async () => {
    const path = join(temporaryDirectory(), 'tarantool')
    writeFileSync(path, '#!/no/such/interpreter\n', { mode: 0o755 })
    await expect(binaryVersion(binary(path))).rejects.toThrow(BinaryNotExecutableError)
  })
})

// A zombie that nobody reaps still answers a signal.
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
