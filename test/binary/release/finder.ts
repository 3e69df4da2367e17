// A process of its own that finds a Tarantool as a run does: `node --import tsx finder.ts [VERSION]`. Its settings are in the
// environment.
import { locateBinary } from '../../../src/binary/locate.ts'
import { debian } from './fetching.ts'

const [version] = process.argv.slice(2)

const binary = await locateBinary({ ...(version !== undefined && { version }), system: debian })
process.stdout.write(JSON.stringify(binary))
