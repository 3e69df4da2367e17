import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { ResolvedCoverage } from '../config/coverage.ts'
import { directoryPrefix } from '../instance/place/directory.ts'

// Installed modules are other people's code. A server's own directory may be in the project, and has the fixture's scripts.
const leftOut = ['**/node_modules/**', '**/.rocks/**', '**/.git/**', `**/${directoryPrefix}*/**`]

/**
 * The Lua files that a report is about. The key is the real path, which counts have. The value is the path below the
 * project, which the report shows.
 *
 * @param ran real paths of files that ran, which are Lua whatever their name is
 */
export async function includedFiles(
  { baseDir, include, exclude }: ResolvedCoverage,
  ran: ReadonlySet<string>,
): Promise<Map<string, string>> {
  // Only the end of a run needs it.
  const { glob } = await import('tinyglobby')
  const found = await glob([...include], { cwd: baseDir, ignore: [...exclude, ...leftOut], dot: true })
  const files = new Map<string, string>()
  for (const name of found.sort()) {
    const path = join(baseDir, name)
    const real = realpathSync(path)
    if ((name.endsWith('.lua') || ran.has(real)) && !files.has(real)) files.set(real, path)
  }
  return files
}
