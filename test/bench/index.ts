// npm run bench [-- PAIRS [NAME...]]: what the fixture costs beside the bare thing, each a ratio within this run. Prints;
// fails nothing. With --write, the rows go into docs/costs.md, in the column of the Tarantool that ran.
import { binaryVersion } from '../../src/binary/binary-version.ts'
import { locateBinary } from '../../src/binary/locate.ts'
import { benchAccess } from './access.ts'
import { benchBlocking } from './blocking.ts'
import { benchChanges } from './changes.ts'
import { benchClusterReset } from './cluster-reset.ts'
import { benchConfig } from './config.ts'
import { writeCosts } from './costs-page.ts'
import { benchCoverage } from './coverage.ts'
import { benchDocker } from './docker.ts'
import { benchFace } from './face.ts'
import { benchFiles } from './files.ts'
import { benchHook } from './hook.ts'
import { benchJest } from './jest-suite.ts'
import { benchLink } from './link.ts'
import { benchPrefork } from './prefork.ts'
import { benchReplicaSet } from './replica-set.ts'
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
  link: benchLink,
  face: benchFace,
  config: benchConfig,
  replica: benchReplicaSet,
  'cluster-reset': benchClusterReset,
  docker: benchDocker,
  seed: benchSeed,
  reset: benchReset,
  hook: benchHook,
  changes: benchChanges,
  coverage: benchCoverage,
  vitest: benchVitest,
  jest: benchJest,
  files: benchFiles,
  spare: benchSpare,
  blocking: benchBlocking,
}

const words = process.argv.slice(2)
const isToWrite = words.includes('--write')
const [count = '20', ...wanted] = words.filter(word => word !== '--write')
const pairs = Number(count)
const unknown = wanted.filter(name => !(name in benches))
if (Number.isNaN(pairs) || unknown.length > 0) {
  console.error(`npm run bench [-- PAIRS [NAME...]], of: ${Object.keys(benches).join(', ')}
npm run bench -- PAIRS [NAME...] --write: also into docs/costs.md`)
  process.exit(1)
}

// Some move the cache, where the Tarantool that all of them run may be.
const binary = await locateBinary()
Object.assign(process.env, { ...binary.env, TARANTOOL_BIN: binary.path })

console.log(`medians over ${pairs} pairs, with their quartiles`)
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length === 0 || wanted.includes(name)) await bench(pairs)
}
if (isToWrite) {
  const { major, minor, patch } = await binaryVersion(binary)
  writeCosts({ version: `${major}.${minor}.${patch}`, pairs }, { isPart: wanted.length > 0 })
}
