import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, URL } from 'node:url'

// The built code is in dist/ or a folder of it. The sources are in folders of src/.
const candidates = ['../', '../../', '../../../', './'].map(path => new URL(path, import.meta.url))

/** The directory of this package, without a slash at its end. */
export const packageDirectory: string = resolve(
  fileURLToPath(
    candidates.find(url => existsSync(new URL('fixtures/boot.lua', url))) ?? new URL('..', import.meta.url),
  ),
)

/** Directory of the Lua files that run in servers. */
export const fixturesDirectory: string = join(packageDirectory, 'fixtures')

/** The version of this package. */
export function ownVersion(): string {
  const text = readFileSync(join(packageDirectory, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
