import { expect, test } from 'vitest'
import { getCached, setCached } from '../src/cache.ts'

console.log(`expiry.test.ts runs on ${process.env.TARANTOOL_HOST}:${process.env.TARANTOOL_PORT}`)

test('an entry whose time has passed is not given out', async () => {
  await setCached('short', 1, 0)
  expect(await getCached('short')).toBeUndefined()
})
