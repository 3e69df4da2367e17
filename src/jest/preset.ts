// What `preset: 'tarantool-fixture'` in a Jest config stands for.
const preset: Readonly<Record<string, string | string[]>> = {
  globalSetup: 'tarantool-fixture/jest/setup',
  globalTeardown: 'tarantool-fixture/jest/teardown',
  setupFiles: ['tarantool-fixture/jest/worker'],
  // With automock these would be mocks, too.
  unmockedModulePathPatterns: ['/node_modules/tarantool-fixture/'],
}

export default preset
