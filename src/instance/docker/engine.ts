import { spawn, spawnSync } from 'node:child_process'
import { engineMissing } from '../failure/engine-failure.ts'

/** A container, in the form of the engine. */
export interface Container {
  readonly engine: string
  readonly name: string
  /** The file into which `docker run` writes the container's id. */
  readonly idFile: string
}

/** The answer of the engine's program. */
export interface EngineAnswer {
  /** Undefined if the program was ended, by a time limit or by the caller. */
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface AskOptions {
  /**
   * The time in milliseconds after which the program is ended. Default 20,000: that is for an engine that hangs, not
   * for a busy one.
   */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
  /** Gets each line of stdout and stderr as soon as it arrives. */
  onLine?: ((line: string) => void) | undefined
}

const usualTimeout = 20_000

/**
 * The environment of the engine's program: with DOCKER_HOST and similar variables, without the variables that would
 * reach a container.
 */
export function engineEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TT_')))
}

/**
 * Runs a command of the engine's program to its end.
 *
 * @throws ContainerEngineError if the program does not exist. A failed command is in the answer
 */
export function askEngine(
  engine: string,
  args: readonly string[],
  { timeout = usualTimeout, signal, onLine }: AskOptions = {},
): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const texts = { stdout: '', stderr: '' }
    // The program has its own process group: Ctrl-C ends the run, and commands that clean up after it go on.
    const child = spawn(engine, args, {
      detached: true,
      env: engineEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const end = (): void => void child.kill('SIGKILL')
    const timer = setTimeout(end, timeout)
    signal?.addEventListener('abort', end, { once: true })
    if (signal?.aborted) end()
    for (const name of ['stdout', 'stderr'] as const) {
      let rest = ''
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text
        const lines = (rest + text).split(/\r?\n/)
        rest = lines.pop() ?? ''
        for (const line of lines) onLine?.(line)
      })
    }
    const finish = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
    }
    child.once('error', cause => {
      finish()
      reject(engineMissing(engine, cause))
    })
    child.once('close', exitCode => {
      finish()
      resolve({ exitCode: exitCode ?? undefined, ...texts })
    })
  })
}

/** Runs a short command of the engine's program, and returns whether it succeeded. Blocks until then. */
export function askEngineNow(engine: string, args: readonly string[]): boolean {
  const { status } = spawnSync(engine, args, { env: engineEnvironment(), stdio: 'ignore', timeout: usualTimeout })
  return status === 0
}
