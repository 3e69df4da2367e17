/** @type {import('jest').Config} */
module.exports = {
  preset: 'tarantool-fixture',
  transform: { '^.+[.]ts$': '@swc/jest' },
  // Two workers, whatever the machine has: two test files at a time, each with a server of its own.
  maxWorkers: 2,
  // Each test finds the database as the application made it, whatever ran before: so any order will do.
  randomize: true,
}
