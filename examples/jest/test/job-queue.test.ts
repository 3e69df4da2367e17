import { useShop } from './shop.ts'

const shop = useShop()

test('hands jobs out in the order in which they came, each once', async () => {
  const first = await shop.queue.put('mail', { to: 'ann' })
  const second = await shop.queue.put('mail', { to: 'bob' })
  expect(await shop.queue.take()).toEqual(first)
  expect(await shop.queue.take()).toEqual(second)
  expect(await shop.queue.take()).toBeUndefined()
})

test('finishes what was taken, and says so in its log', async () => {
  await shop.queue.put('mail', {})
  const job = await shop.queue.take()
  if (!job) throw new Error('no job')
  await shop.queue.finish(job)
  expect(await shop.queue.count('taken')).toBe(0)
  expect(await shop.tarantool.grepLog(`finished job ${job.id} (mail)`)).toHaveLength(1)
})

test('a job that nobody took cannot be finished', async () => {
  const job = await shop.queue.put('mail', {})
  await expect(shop.queue.finish(job)).rejects.toThrow('is not taken')
})
