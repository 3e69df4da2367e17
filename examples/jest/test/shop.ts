import { useTarantool } from 'tarantool-fixture/jest'
// The service is the service of the Vitest example.
import { Database } from '../../vitest/src/connection.ts'
import { Customers } from '../../vitest/src/customers.ts'
import { JobQueue } from '../../vitest/src/job-queue.ts'
import { Orders } from '../../vitest/src/orders.ts'

/**
 * The shop on this worker's server. One connection serves all tests of a file, because a reset keeps connections open.
 */
export function useShop() {
  const tarantool = useTarantool()
  const database = new Database({ host: tarantool.host, port: tarantool.port })
  afterAll(() => database.close())
  return {
    tarantool,
    customers: new Customers(database),
    orders: new Orders(database),
    queue: new JobQueue(database),
  }
}
