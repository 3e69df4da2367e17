/** The files that set a project up with a config, written as TypeScript; `vitest` holds further options of Vitest's. */
export function setUpWith(config = '{}', vitest = ''): Record<string, string> {
  return {
    'vitest.config.ts': `export default { test: { globalSetup: './tarantool.setup.ts', ${vitest} } }`,
    'tarantool.setup.ts': `
      import { defineTarantool } from 'tarantool-fixture/vitest/setup'
      export default defineTarantool(${config})`,
  }
}
