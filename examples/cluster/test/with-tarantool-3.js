// Runs a command if this machine has a Tarantool 3. Else it says that the tests are skipped. A real project leaves this
// out: with `version: '3'`, the fixture downloads Tarantool.
import { spawnSync } from 'node:child_process'
import { TarantoolInstance } from 'tarantool-fixture'

process.env.TARANTOOL_FIXTURE_INSTALL = '0'
const [command = '', ...args] = process.argv.slice(2)
try {
  await new TarantoolInstance({ version: '3', quiet: true }).binVersion()
} catch (error) {
  console.log(`examples/cluster: skipped, because it needs Tarantool 3: ${error.summary}`)
  process.exit(0)
}
process.exit(spawnSync(command, args, { stdio: 'inherit' }).status ?? 1)
