// What `preset: 'tarantool-fixture'` in a Jest config stands for.
const preset: Readonly<Record<string, string | string[]>> = {
  globalSetup: 'tarantool-fixture/jest/setup',
  globalTeardown: 'tarantool-fixture/jest/teardown',
  setupFiles: ['tarantool-fixture/jest/worker'],
}

export default preset
