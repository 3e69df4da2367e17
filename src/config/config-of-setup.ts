import type { FixtureConfig } from './server-options.ts'

/** The key under which a setup holds its config, for readers other than its runner. */
export const configOfSetup: unique symbol = Symbol.for('tarantool-fixture.config') as never

/** The exports of a module that may be a setup file of this package. */
export interface SetupModule {
  readonly default?: { readonly [configOfSetup]?: FixtureConfig } | undefined
}
