import { dirname, join } from 'node:path'
import process from 'node:process'
import { execa } from 'execa'
import { tarball } from '../support/install.ts'
import { EmptyProject, type RunResult } from '../support/project.ts'
import { cache, isJest, nodeOf, type Runner } from '../support/runners.ts'
import type { PackageManager } from './managers.ts'

interface NpmSettings {
  readonly registry: string
  readonly cafile: string | null
}

let settings: Promise<NpmSettings> | undefined

async function readNpmSettings(): Promise<NpmSettings> {
  const { stdout } = await execa('npm', ['config', 'list', '--json'], { cwd: cache })
  return JSON.parse(stdout) as NpmSettings
}

/** What they keep is kept beside the tests' own cache, and nothing of it in the user's home. */
async function environment(runner: Runner): Promise<Record<string, string>> {
  settings ??= readNpmSettings()
  const { registry, cafile } = await settings
  return {
    PATH: `${dirname(nodeOf(runner))}:${process.env.PATH}`,
    ...Object.fromEntries(['CACHE', 'CONFIG', 'DATA', 'STATE'].map(name => [`XDG_${name}_HOME`, join(cache, 'home')])),
    YARN_GLOBAL_FOLDER: join(cache, 'home', 'yarn'),
    YARN_ENABLE_TELEMETRY: '0',
    // On CI it installs nothing that no lock file names.
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    // pnpm reads npm's settings, Yarn does not.
    YARN_NPM_REGISTRY_SERVER: registry,
    ...(cafile && { YARN_HTTPS_CA_FILE_PATH: cafile }),
  }
}

/** A project in which a package manager has installed a runner and the packed package. */
export class ManagedProject extends EmptyProject {
  readonly #manager: PackageManager
  readonly #runner: Runner

  constructor(manager: PackageManager, runner: Runner, files: Readonly<Record<string, string>>) {
    super({ ...manager.files, ...files })
    this.#manager = manager
    this.#runner = runner
  }

  /** Installs the runner and the package. */
  async install(): Promise<RunResult> {
    // The transformers of other tests' projects would take most of the time of an installation.
    const runner = Object.entries(this.#runner.packages).filter(([name]) => ['vitest', 'vite', 'jest'].includes(name))
    const devDependencies = { ...Object.fromEntries(runner), 'tarantool-fixture': `file:${tarball}` }
    const { vite } = this.#runner.packages
    // Vitest's own range would choose another one.
    const resolutions = vite === undefined ? {} : { vite }
    this.write({ 'package.json': JSON.stringify({ private: true, devDependencies, resolutions }) })
    return await this.#run(this.#manager.install)
  }

  /** Runs the runner. */
  async test(args: readonly string[] = isJest(this.#runner) ? [] : ['run']): Promise<RunResult> {
    return await this.#run(['exec', isJest(this.#runner) ? 'jest' : 'vitest', ...args])
  }

  async #run(args: readonly string[]): Promise<RunResult> {
    const env = await environment(this.#runner)
    const command = [nodeOf(this.#runner), this.#manager.script, ...args]
    const { exitCode, signal, all } = await this.start(command, { env })
    return { exitCode, signal, output: all }
  }
}
