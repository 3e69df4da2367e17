import { expect, test } from 'vitest'
import { useShop } from './shop.ts'

const shop = useShop()

test('an order brings a job that ships it', async () => {
  const ann = await shop.customers.add('ann@example.org', 'Ann')
  const order = await shop.orders.place(ann.id, 12.5)
  expect(await shop.queue.take()).toMatchObject({ kind: 'ship', payload: { order: order.id } })
})

test('an order writes exactly this', async () => {
  const ann = await shop.customers.add('ann@example.org', 'Ann')
  const { spaces } = await shop.tarantool.changesOf(() => shop.orders.place(ann.id, 12.5))
  expect(spaces).toMatchInlineSnapshot(`
    {
      "jobs": {
        "inserted": [
          {
            "id": 1,
            "kind": "ship",
            "payload": {
              "order": 1,
            },
            "state": "ready",
          },
        ],
      },
      "orders": {
        "inserted": [
          {
            "customer": 1,
            "id": 1,
            "total": 12.5,
          },
        ],
      },
    }
  `)
})

test('an order of nobody leaves no job', async () => {
  await expect(shop.orders.place(1, 10)).rejects.toThrow('there is no customer 1')
  expect(await shop.queue.count('ready')).toBe(0)
})
