import { spawn, spawnSync } from 'node:child_process'
import { engineMissing } from '../failure/engine-failure.ts'

/** A container, as the engine knows it. */
export interface Container {
  readonly engine: string
  readonly name: string
  /** Where `docker run` writes its id. */
  readonly idFile: string
}

/** What the engine's program said. */
export interface EngineAnswer {
  /** Undefined when it was ended, by a time limit or the caller. */
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface AskOptions {
  /** Milliseconds until it is ended. Default 20,000: an engine that hangs, and not one that is busy. */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
  /** Gets each line of both outputs as it comes. */
  onLine?: ((line: string) => void) | undefined
}

const usualTimeout = 20_000

/** The environment of the engine's program: with DOCKER_HOST and the like, without what would get into a container. */
export function engineEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TT_')))
}

/**
 * Runs a command of the engine's program to its end.
 *
 * @throws ContainerEngineError when there is no such program; that a command failed is in the answer
 */
export function askEngine(
  engine: string,
  args: readonly string[],
  { timeout = usualTimeout, signal, onLine }: AskOptions = {},
): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const texts = { stdout: '', stderr: '' }
    // In a group of its own: Ctrl-C ends the run, and what clears up after it goes on.
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

/** Runs a short command of the engine's program, and says whether it went well. Blocks for it. */
export function askEngineNow(engine: string, args: readonly string[]): boolean {
  const { status } = spawnSync(engine, args, { env: engineEnvironment(), stdio: 'ignore', timeout: usualTimeout })
  return status === 0
}
