import { useTarantool } from 'tarantool-fixture/vitest'
import { afterAll, expect } from 'vitest'
import { Database } from '../src/connection.ts'
import { Customers } from '../src/customers.ts'
import { JobQueue } from '../src/job-queue.ts'
import { Orders } from '../src/orders.ts'

/**
 * The shop on this worker's server. One connection serves all tests of a file, because a reset keeps connections open.
 */
export function useShop() {
  const tarantool = useTarantool()
  const file = expect.getState().testPath?.split('/').at(-1)
  console.log(`${file} runs on ${tarantool.host}:${tarantool.port}`)

  const database = new Database({ host: tarantool.host, port: tarantool.port })
  afterAll(() => database.close())
  return {
    tarantool,
    customers: new Customers(database),
    orders: new Orders(database),
    queue: new JobQueue(database),
  }
}
