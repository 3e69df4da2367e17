import { expect, test } from 'vitest'
import { cacheSize, getCached, setCached } from '../src/cache.ts'

console.log(`cache.test.ts runs on ${process.env.TARANTOOL_HOST}:${process.env.TARANTOOL_PORT}`)

test('gives back what it was given', async () => {
  await setCached('greeting', { text: 'hello' }, 60)
  expect(await getCached('greeting')).toEqual({ text: 'hello' })
})

test('has nothing that it was not given', async () => {
  const before = await cacheSize()
  expect(await getCached('unknown')).toBeUndefined()
  await setCached('known', 1, 60)
  expect(await cacheSize()).toBe(before + 1)
})
