// npm run bench [-- PAIRS]: what the fixture costs beside the bare thing, each a ratio within this run. Prints; fails nothing.
import { locateBinary } from '../../src/binary/locate.ts'
import { benchBlocking } from './blocking.ts'
import { benchDocker } from './docker.ts'
import { benchReset } from './reset.ts'
import { benchSeed } from './seed.ts'
import { benchSpare } from './spare.ts'
import { benchStartAndStop } from './start-stop.ts'
import { benchVitest } from './vitest-suite.ts'

// Some move the cache, where the Tarantool that all of them run may be.
const { path, env } = await locateBinary()
Object.assign(process.env, { ...env, TARANTOOL_BIN: path })

const pairs = Number(process.argv[2] ?? 20)
console.log(`medians over ${pairs} pairs${' '.repeat(30)}ours         bare`)
await benchStartAndStop(pairs)
await benchDocker(pairs)
await benchSeed(pairs)
await benchReset(pairs)
await benchVitest(pairs)
await benchSpare(pairs)
await benchBlocking(pairs)
