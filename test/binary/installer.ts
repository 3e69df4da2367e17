// A process of its own that installs into the cache that the first argument names: `node installer.mjs DIR [own]`.
import { installDistributed } from '../../src/binary/distribution.ts'
import { currentSystem } from '../../src/binary/system.ts'

const [root = '', lists] = process.argv.slice(2)

const copy = await installDistributed({
  root,
  system: currentSystem(),
  report: line => process.stderr.write(`${line}\n`),
  ...(lists === 'own' && { lists: ['own'] as const }),
})
process.stdout.write(JSON.stringify(copy))
