import { ContainerImageError } from '../../errors.ts'
import { askEngine } from './engine.ts'

/** An image that the engine has. */
export interface Image {
  /** The digest by which the engine knows it. */
  readonly id: string
  /** The TT_* variables that it sets, which would configure the server. */
  readonly settings: readonly string[]
}

/**
 * Makes sure that the engine has an image: asks for it, and pulls it if it is not there.
 *
 * @param report gets a line about a pull, at most one a second
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
  throw new ContainerImageError(`${engine} has pulled ${name}, and does not have it`)
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

// In milliseconds: a line a second is enough to see that it goes on. A pull that says nothing for as long as it may take is
// one over a network that is gone.
const betweenLines = 1000
const longestPull = 60 * 60_000

async function pull(engine: string, name: string, report: (line: string) => void, signal: AbortSignal): Promise<void> {
  if (process.env.TARANTOOL_FIXTURE_INSTALL === '0') {
    throw new ContainerImageError(
      `${engine} does not have the image ${name}, and TARANTOOL_FIXTURE_INSTALL=0 forbids the pull`,
      {
        hint: `\`${engine} pull ${name}\` pulls it.`,
      },
    )
  }
  report(`${engine} does not have the image ${name}: it is pulled`)
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
  throw new ContainerImageError(`the image ${name} cannot be pulled: ${lines.at(-1) ?? `exit code ${exitCode}`}`, {
    hint: hintOf(lines.join('\n'), engine, name),
  })
}

const unreachable = /dial tcp|lookup|no such host|timeout|refused|unreachable|network|TLS|EOF|proxy/i

function hintOf(said: string, engine: string, name: string): string {
  return unreachable.test(said)
    ? `The registry cannot be reached from here. With a network, \`${engine} pull ${name}\` pulls it once and for all; \`${engine} load\` takes it from a file.`
    : 'Is there such an image, and such a tag of it, and may you have it? The options are docker.image and docker.tag.'
}
