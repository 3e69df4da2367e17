import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import { isZygote, processes, type RunningProcess } from '../../support/processes.ts'
import { installDirectory, isJest, nodeOf, type Runner, scriptOf } from './runners.ts'

export interface RunResult {
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  /** stdout and stderr, without colours. */
  readonly output: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Gives it a terminal, so that it takes keys from its stdin: `script` of util-linux is in between. */
  readonly terminal?: boolean
  /** In a process group of its own, as a terminal would start it. */
  readonly ownGroup?: boolean
  /** Where below the project's directory. */
  readonly at?: string
}

/** A runner at work; awaited, it has ended. */
export interface RunnerProcess
  extends PromiseLike<{
    readonly exitCode?: number | undefined
    readonly signal?: string | undefined
    readonly all: string
  }> {
  readonly pid?: number | undefined
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** stdout and stderr. */
  readonly all: Readable
  kill(signal: NodeJS.Signals): boolean
}

/** A project of a user's in a directory of its own, with nothing installed yet. */
export class EmptyProject {
  readonly directory: string
  /** The TMPDIR of its runs: what they leave behind is seen here. */
  readonly temporary: string

  constructor(files: Readonly<Record<string, string>>) {
    // Short: the paths of unix sockets below it are bounded.
    this.directory = mkdtempSync(join(tmpdir(), 'e2e-'))
    this.temporary = join(this.directory, 'tmp')
    mkdirSync(this.temporary)
    this.write(files)
    onTestFinished(() => {
      for (const { pid } of this.leftProcesses()) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // It ended meanwhile.
        }
      }
      rmSync(this.directory, { recursive: true, force: true })
    })
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.directory, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
  }

  read(name: string): string {
    return readFileSync(join(this.directory, name), 'utf8')
  }

  /** Starts a program in it. Its output is in `.all`. */
  start(
    command: readonly string[],
    { env = {}, terminal = false, ownGroup = false, at = '' }: RunOptions = {},
  ): RunnerProcess {
    const [file = '', ...rest] = terminal ? ['script', '-qefc', command.join(' '), '/dev/null'] : command
    return execa(file, rest, {
      cwd: join(this.directory, at),
      env: { ...cleanEnvironment(), TMPDIR: this.temporary, NO_COLOR: '1', CI: 'true', ...env },
      extendEnv: false,
      all: true,
      reject: false,
      stdin: 'pipe',
      detached: ownGroup,
      timeout: 90_000,
      killSignal: 'SIGKILL',
    })
  }

  /**
   * Files that the runs left in the temporary directory, relative to it: the user's own directory, or the files in
   * there.
   */
  leftBehind(): string[] {
    const found = readdirSync(this.temporary).filter(name => name.startsWith('tnt-'))
    return found.flatMap(name => {
      const below = readdirSync(join(this.temporary, name))
      return below.length === 0 ? [name] : below.map(entry => join(name, entry))
    })
  }

  /** What runs in or below this project's directory: servers, and the runner's own processes. Linux only. */
  leftProcesses(): RunningProcess[] {
    return processes().filter(({ cwd }) => cwd === this.directory || cwd.startsWith(`${this.directory}/`))
  }

  /** The servers among them, without the zygotes. */
  servers(): RunningProcess[] {
    return this.#tarantools().filter(process => !isZygote(process))
  }

  zygotes(): RunningProcess[] {
    return this.#tarantools().filter(isZygote)
  }

  #tarantools(): RunningProcess[] {
    return processes().filter(({ cwd }) => cwd.startsWith(`${this.temporary}/`))
  }
}

/** A project with a runner and the packed package installed. */
export class Project extends EmptyProject {
  readonly #runner: Runner

  constructor(runner: Runner, files: Readonly<Record<string, string>>) {
    const type = isJest(runner) ? 'commonjs' : 'module'
    super({ 'package.json': JSON.stringify({ private: true, type }), ...files })
    this.#runner = runner
    symlinkSync(join(installDirectory(runner), 'node_modules'), join(this.directory, 'node_modules'))
  }

  /** Starts the runner's command line: `spawn(['run'])` is `vitest run`. */
  spawn(args: readonly string[], options: RunOptions = {}): RunnerProcess {
    return this.start([nodeOf(this.#runner), scriptOf(this.#runner), ...args], options)
  }

  /** Runs the runner to its end. */
  async run(
    args: readonly string[] = isJest(this.#runner) ? [] : ['run'],
    options: RunOptions = {},
  ): Promise<RunResult> {
    const { exitCode, signal, all } = await this.spawn(args, options)
    return { exitCode, signal, output: all }
  }
}

// What the runner that runs these tests has set for its own workers, and what would tell ours apart from a user's.
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(VITEST|VITE_|JEST|E2E_|NODE_ENV|TEST|DEV|PROD|MODE|SSR|BASE_URL|npm_|GITHUB_ACTIONS|FORCE_COLOR|TARANTOOL_(?!BIN))/.test(
        name,
      ),
  )
  return Object.fromEntries(kept) as Record<string, string>
}
