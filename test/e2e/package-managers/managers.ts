import { join } from 'node:path'
import { installInto } from '../support/install.ts'
import { cache } from '../support/runners.ts'

const directory = join(cache, 'package-managers')
const pnpm = join(directory, 'node_modules/pnpm/bin/pnpm.mjs')
const yarn = join(directory, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js')

/** A way in which a project's packages are installed. */
export interface PackageManager {
  readonly name: string
  /** Its script. */
  readonly script: string
  /** Arguments that install what package.json says; no package's own scripts are run. */
  readonly install: readonly string[]
  /** Files that a project needs for it. */
  readonly files: Readonly<Record<string, string>>
}

export const managers: readonly PackageManager[] = [
  { name: 'pnpm', script: pnpm, install: ['install', '--ignore-scripts'], files: {} },
  {
    name: "Yarn with Plug'n'Play",
    script: yarn,
    install: ['install'],
    files: { '.yarnrc.yml': 'nodeLinker: pnp\n', 'yarn.lock': '' },
  },
]

/** Installs the package managers themselves. */
export async function installManagers(): Promise<void> {
  await installInto(directory, { pnpm: '~12.21.0', '@yarnpkg/cli-dist': '~4.18.1' })
}
