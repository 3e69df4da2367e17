/**
 * The files that set a CommonJS project up with a config; `jest` holds further options of Jest's. Nothing is transformed:
 * to load Babel is a fourth of the time of a short run.
 */
export function setUpJest(config = '{}', jest = ''): Record<string, string> {
  return {
    'jest.config.js': `module.exports = {
      globalSetup: './tarantool.setup.js', globalTeardown: 'tarantool-fixture/jest/teardown', transform: {}, ${jest} }`,
    'tarantool.setup.js': `
      const { defineTarantool } = require('tarantool-fixture/jest/setup')
      module.exports = defineTarantool(${config})`,
  }
}
