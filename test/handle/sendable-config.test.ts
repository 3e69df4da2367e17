import { expect, test } from 'vitest'
import { checkSendable } from '../../src/handle/sendable-config.ts'
import { Decimal } from '../../src/index.ts'

test('what JSON carries as text can be sent', () => {
  checkSendable('useTarantool', { seed: { users: [{ id: 1, price: new Decimal('1.10'), born: new Date(0) }] } })
  checkSendable('reload()', undefined)
  checkSendable('reload()', 'other.yaml')
})

test.each([
  ['big', 2n ** 60n, 'a bigint'],
  ['bytes', Buffer.from('a'), 'a Uint8Array'],
  ['pattern', /a/, 'a regular expression'],
  ['appLua', () => {}, 'a function'],
  ['name', Symbol('a'), 'a symbol'],
  ['timeout', Number.NaN, 'NaN'],
  ['timeout', Number.POSITIVE_INFINITY, 'Infinity'],
])("what JSON would change is refused: '%s' as %s", (key, value, kind) => {
  expect(() => checkSendable('useTarantool', { seed: { users: [{ [key]: value }] } })).toThrow(
    expect.objectContaining({
      summary: `useTarantool: '${key}' is ${kind}, which cannot be sent from a test file`,
      hint: expect.stringContaining("the run's config"),
    }),
  )
})

test('the call is named, and the advice is that of the call', () => {
  expect(() => checkSendable('set()', 5n)).toThrow(
    expect.objectContaining({
      summary: 'set(): a bigint is given, which cannot be sent from a test file',
      hint: undefined,
    }),
  )
})
