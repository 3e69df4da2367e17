// npm run bench [-- PAIRS [NAME...]]: what the fixture costs beside the bare thing, each a ratio within this run. Prints;
// fails nothing.
import { locateBinary } from '../../src/binary/locate.ts'
import { noSources } from '../support/no-downloads.ts'
import { benchAccess } from './access.ts'
import { benchBlocking } from './blocking.ts'
import { benchDocker } from './docker.ts'
import { benchHook } from './hook.ts'
import { benchJest } from './jest-suite.ts'
import { benchPrefork } from './prefork.ts'
import { benchReset } from './reset.ts'
import { benchSeed } from './seed.ts'
import { benchSpare } from './spare.ts'
import { benchStartAndStop } from './start-stop.ts'
import { benchVersion } from './version.ts'
import { benchVitest } from './vitest-suite.ts'

const benches: Record<string, (pairs: number) => Promise<void>> = {
  start: benchStartAndStop,
  prefork: benchPrefork,
  version: benchVersion,
  access: benchAccess,
  docker: benchDocker,
  seed: benchSeed,
  reset: benchReset,
  hook: benchHook,
  vitest: benchVitest,
  jest: benchJest,
  spare: benchSpare,
  blocking: benchBlocking,
}

const [pairs = 20, ...wanted] = process.argv.slice(2).map((word, index) => (index === 0 ? Number(word) : word)) as [
  number?,
  ...string[],
]
const unknown = wanted.filter(name => !(name in benches))
if (Number.isNaN(pairs) || unknown.length > 0) {
  console.error(`npm run bench [-- PAIRS [NAME...]], of: ${Object.keys(benches).join(', ')}`)
  process.exit(1)
}

// Some move the cache, where the Tarantool that all of them run may be.
const { path, env } = await locateBinary()
Object.assign(process.env, { ...env, ...noSources, TARANTOOL_BIN: path })

console.log(`medians over ${pairs} pairs${' '.repeat(30)}ours         bare`)
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length === 0 || wanted.includes(name)) await bench(pairs)
}
