import { pulledInVain, pullFailed, pullForbidden } from '../failure/image-failure.ts'
import { askEngine } from './engine.ts'

/** An image that the engine has. */
export interface Image {
  /** The engine's digest of the image. */
  readonly id: string
  /** The TT_* variables that the image sets, which would configure the server. */
  readonly settings: readonly string[]
}

/**
 * Makes sure that the engine has an image: asks for the image, and pulls it if it is missing.
 *
 * @param report gets a line about a pull, at most one per second
 * @throws ContainerImageError
 */
export async function provideImage(
  engine: string,
  name: string,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<Image> {
  const found = await inspect(engine, name, signal)
  if (found) return found
  await pull(engine, name, report, signal)
  const pulled = await inspect(engine, name, signal)
  if (pulled) return pulled
  throw pulledInVain(engine, name)
}

async function inspect(engine: string, name: string, signal: AbortSignal): Promise<Image | undefined> {
  const args = ['image', 'inspect', '--format', '{{.Id}} {{json .Config.Env}}', name]
  const { exitCode, stdout } = await askEngine(engine, args, { signal })
  signal.throwIfAborted()
  if (exitCode !== 0) return undefined
  const [, id = '', env = 'null'] = /^(\S+) (.*)/.exec(stdout) ?? []
  const variables = (JSON.parse(env) as string[] | null) ?? []
  return {
    id,
    settings: variables.map(text => text.split('=')[0] ?? '').filter(variable => variable.startsWith('TT_')),
  }
}

// In milliseconds: a line per second is enough to show progress. A pull that prints nothing for the full time has lost
// its network.
const betweenLines = 1000
const longestPull = 60 * 60_000

async function pull(engine: string, name: string, report: (line: string) => void, signal: AbortSignal): Promise<void> {
  if (process.env.TARANTOOL_FIXTURE_INSTALL === '0') throw pullForbidden(engine, name)
  report(`pulling the image ${name}, which ${engine} does not have`)
  let last = performance.now()
  const onLine = (line: string): void => {
    const now = performance.now()
    if (line.trim() === '' || now - last < betweenLines) return
    last = now
    report(`${name}: ${line.trim()}`)
  }
  const { exitCode, stdout, stderr } = await askEngine(engine, ['pull', name], { timeout: longestPull, signal, onLine })
  signal.throwIfAborted()
  if (exitCode === 0) return
  const lines = `${stdout}\n${stderr}`.split('\n').filter(line => line.trim() !== '')
  throw pullFailed(engine, name, lines, exitCode)
}
