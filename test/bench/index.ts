// npm run bench [-- PAIRS]: what the fixture costs beside the bare thing, each a ratio within this run. Prints; fails nothing.
import { benchStartAndStop } from './start-stop.ts'

const pairs = Number(process.argv[2] ?? 20)
console.log(`${'medians over'} ${pairs} pairs${' '.repeat(36)}ours         bare`)
await benchStartAndStop(pairs)
