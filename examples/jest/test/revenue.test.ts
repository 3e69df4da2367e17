import { useShop } from './shop.ts'

const shop = useShop()

test('adds up the orders of one customer', async () => {
  const ann = await shop.customers.add('ann@example.org', 'Ann')
  const bob = await shop.customers.add('bob@example.org', 'Bob')
  for (const total of [10, 20.5]) await shop.orders.place(ann.id, total)
  await shop.orders.place(bob.id, 100)
  expect(await shop.orders.revenueOf(ann.id)).toBe(30.5)
})

test('a customer without orders has brought nothing', async () => {
  const ann = await shop.customers.add('ann@example.org', 'Ann')
  expect(await shop.orders.revenueOf(ann.id)).toBe(0)
})
