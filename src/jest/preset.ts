// The meaning of `preset: 'tarantool-fixture'` in a Jest config.
const preset: Readonly<Record<string, string | string[]>> = {
  globalSetup: 'tarantool-fixture/jest/setup',
  globalTeardown: 'tarantool-fixture/jest/teardown',
  setupFiles: ['tarantool-fixture/jest/worker'],
  // automock would replace these modules by mocks, too.
  unmockedModulePathPatterns: ['/node_modules/tarantool-fixture/'],
}

export default preset
