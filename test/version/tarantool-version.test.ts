import { format, inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../../src/errors.ts'
import { fromClone, toClone } from '../../src/instance/sync/clone.ts'
import { decode, encode } from '../../src/protocol/values/codec.ts'
import { TarantoolVersion } from '../../src/version/tarantool-version.ts'

const text = '2.11.5-0-g0123456789'
const version = TarantoolVersion.of(text)

describe('isAtLeast', () => {
  test.each<[number[], boolean]>([
    [[2, 11], true],
    [[2, 11, 5], true],
    [[2, 11, 6], false],
    [[2, 12], false],
    [[2, 2], true],
    [[2], true],
    [[1, 10], true],
    [[1, 99, 99], true],
    [[3], false],
    [[3, 0, 0], false],
  ])('%j is %s', (parts, expected) => {
    expect(version.isAtLeast(...(parts as [number]))).toBe(expected)
  })

  test.each<[unknown[], string]>([
    [['2.11'], '"2.11"'],
    [[2.11], '2.11'],
    [[], 'undefined'],
    [[2, '11'], '"11"'],
    [[2, -1], '-1'],
    [[2, Number.NaN], 'null'],
    [[2, 11, null], 'null'],
  ])('%j is refused', (parts, says) => {
    const action = (): unknown => version.isAtLeast(...(parts as [number]))
    expect(action).toThrow(InvalidOptionError)
    expect(action).toThrow(says)
  })
})

test('it has its parts', () => {
  const { major, minor, patch } = version
  expect([version.text, major, minor, patch]).toEqual([text, 2, 11, 5])
})

test('it goes as a string in templates, methods, JSON, keys and loose comparison', () => {
  expect(`on ${version}`).toBe(`on ${text}`)
  expect(`on ${'x'.concat(version as unknown as string)}`).toBe(`on x${text}`)
  expect(version.startsWith('2.11')).toBe(true)
  expect(version.split('-')[0]).toBe('2.11.5')
  expect(version.length).toBe(text.length)
  expect(/^2\.11/.test(version as unknown as string)).toBe(true)
  expect(JSON.stringify({ version })).toBe(JSON.stringify({ version: text }))
  expect({ [version as unknown as string]: 1 }).toEqual({ [text]: 1 })
  // biome-ignore lint/suspicious/noDoubleEquals: what is tested
  expect((version as unknown) == text).toBe(true)
  expect((version as unknown as string) > '2.10').toBe(true)
})

test('printers see the text: console.log, the differences of matchers, snapshots', () => {
  expect(format('on', version)).toBe(`on ${text}`)
  expect(inspect({ version })).toBe(`{ version: ${text} }`)
  expect(() => expect({ version }).toEqual({ version: 'x' })).toThrow(text)
  expect({ version }).toMatchInlineSnapshot(`
    {
      "version": "2.11.5-0-g0123456789",
    }
  `)
})

test('equal versions are one object', () => {
  expect(TarantoolVersion.of(text) === version).toBe(true)
})

test('it can be sent to Lua, and to another thread', () => {
  expect(decode(encode([version]))).toEqual([text])
  const copy = fromClone(structuredClone(toClone({ version }))) as { version: TarantoolVersion }
  expect(copy.version).toBeInstanceOf(TarantoolVersion)
  expect(copy.version.isAtLeast(2, 11)).toBe(true)
})

test('no other string has the method', () => {
  expect('isAtLeast' in String.prototype).toBe(false)
})
