import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { usersProxies } from './no-downloads.ts'

export const repository: string = fileURLToPath(new URL('../../', import.meta.url))

/** Runs npm in a directory, and returns what it prints. */
export async function npm(directory: string, args: readonly string[]): Promise<string> {
  const options = { cwd: directory, stdin: 'ignore', env: usersProxies() } as const
  const { stdout } = await execa('npm', [...args, '--no-audit', '--no-fund', '--loglevel', 'error'], options)
  return stdout
}

/** Packs the built package into a directory, as `npm publish` would. Returns the tarball's path. */
export async function pack(directory: string): Promise<string> {
  mkdirSync(directory, { recursive: true })
  const stdout = await npm(repository, ['pack', '--ignore-scripts', '--json', '--pack-destination', directory])
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  return join(directory, filename)
}
