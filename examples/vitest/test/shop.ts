import { useTarantool } from 'tarantool-fixture/vitest'
import { afterEach, beforeEach, expect } from 'vitest'
import { Database } from '../src/connection.ts'
import { Customers } from '../src/customers.ts'
import { JobQueue } from '../src/job-queue.ts'
import { Orders } from '../src/orders.ts'

/** The shop on this worker's server, connected for each test. */
export function useShop() {
  const tarantool = useTarantool()
  const file = expect.getState().testPath?.split('/').at(-1)
  console.log(`${file} runs on ${tarantool.host}:${tarantool.port}`)

  const shop = {} as { tarantool: typeof tarantool; customers: Customers; orders: Orders; queue: JobQueue }
  let database: Database
  beforeEach(() => {
    database = new Database({ host: tarantool.host, port: tarantool.port })
    Object.assign(shop, {
      tarantool,
      customers: new Customers(database),
      orders: new Orders(database),
      queue: new JobQueue(database),
    })
  })
  afterEach(() => database.close())
  return shop
}
