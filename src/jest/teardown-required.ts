// The CommonJS form of tarantool-fixture/jest/teardown: see setup-required.ts.

/** The global teardown: ends the servers of all setups of the run. */
export default async function teardown(): Promise<void> {
  const { default: tearDown } = await import('./teardown.js')
  await tearDown()
}
