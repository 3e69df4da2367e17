/**
 * The global teardown for Jest, which belongs to either setup.
 *
 * @module tarantool-fixture/jest/teardown
 */
import { tearDown } from './global-setup.ts'

/** The global teardown: ends the servers of all setups of the run. */
export default async function teardown(): Promise<void> {
  await tearDown()
}
