import { describeBinary } from '../binary/announce.ts'
import { binaryVersion } from '../binary/binary-version.ts'
import { locateBinary, toStderr } from '../binary/locate.ts'

/** Finds or downloads a Tarantool as a run would, and returns the path of the program. */
export async function install(version?: string): Promise<string> {
  const binary = await locateBinary(version === undefined ? {} : { version })
  toStderr(describeBinary(binary, await binaryVersion(binary)))
  return `${binary.path}\n`
}
