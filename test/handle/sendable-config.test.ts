import { expect, test } from 'vitest'
import { checkSendable } from '../../src/handle/sendable-config.ts'
import { Decimal } from '../../src/index.ts'

test('what JSON would change is refused, what it carries as text is not', () => {
  checkSendable({ seed: { users: [{ id: 1, price: new Decimal('1.10'), born: new Date(0) }] } })
  expect(() => checkSendable({ seed: { users: [{ big: 2n ** 60n }] } })).toThrow("'big' in the config is a bigint")
  expect(() => checkSendable({ seed: { users: [{ bytes: Buffer.from('a') }] } })).toThrow(
    "'bytes' in the config is a Uint8Array",
  )
})
