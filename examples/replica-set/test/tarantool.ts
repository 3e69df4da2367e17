import { defineTarantool } from 'tarantool-fixture/vitest/setup'

// An operator chooses the leader, as with `read_only` in production. With failover: 'election' (Tarantool 2.6.1 and later),
// the members elect it.
export default defineTarantool({
  replicas: 3,
  failover: 'manual',
  appLua: './app/app.lua',
  // For the test that divides the replica set.
  links: true,
})
