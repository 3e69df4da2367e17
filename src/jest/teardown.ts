/**
 * The global teardown for Jest, for the stock setup and for a setup from `defineTarantool`.
 *
 * @module tarantool-fixture/jest/teardown
 */
import { tearDown } from './global-setup.ts'

/** The global teardown: ends the servers of all setups of the run. */
export default async function teardown(): Promise<void> {
  await tearDown()
}
