import { useShop } from './shop.ts'

const shop = useShop()

test('adds a customer and finds it again', async () => {
  const ann = await shop.customers.add('ann@example.org', 'Ann')
  expect(await shop.customers.find('ann@example.org')).toEqual(ann)
})

test('begins with no customer at all', async () => {
  expect(await shop.customers.find('ann@example.org')).toBeUndefined()
  expect((await shop.customers.add('bob@example.org', 'Bob')).id).toBe(1)
})

test('does not take an email twice', async () => {
  await shop.customers.add('ann@example.org', 'Ann')
  await expect(shop.customers.add('ann@example.org', 'Another')).rejects.toThrow('Duplicate key')
})
