import { defineTarantool } from 'tarantool-fixture/vitest/setup'

export default defineTarantool({
  app: './app',
  version: '3',
  // The seed runs there, too, so that the router finds the shard of each user.
  connect: 'router-001',
  seedLua: './test/seed.lua',
  // The storages create their space in the background.
  ready: "return box.info.name == 'router-001' or (box.space.users ~= nil and box.space.users.index[0] ~= nil)",
  // Instances find each other quickly.
  set: { 'replication.timeout': 0.1 },
})
