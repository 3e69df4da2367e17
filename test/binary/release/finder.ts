// A process of its own that finds a Tarantool as a run does: `node finder.mjs [VERSION]`. Its settings are in the
// environment, and OS_RELEASE is the text of another system's os-release.
import { locateBinary } from '../../../src/binary/locate.ts'
import { describeSystem } from '../../../src/binary/system.ts'
import { debian } from './debian.ts'

const [version] = process.argv.slice(2)

const { OS_RELEASE: osRelease } = process.env
const system = osRelease ? describeSystem(osRelease, 'linux') : debian
const binary = await locateBinary({ ...(version !== undefined && { version }), system })
process.stdout.write(JSON.stringify(binary))
