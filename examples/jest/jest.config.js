/** @type {import('jest').Config} */
module.exports = {
  preset: 'tarantool-fixture',
  transform: { '^.+[.]ts$': '@swc/jest' },
  // Two workers on every machine: two test files run at a time, each with its own server.
  maxWorkers: 2,
  // Each test finds the database as the application created it. So the order of the tests does not matter.
  randomize: true,
}
