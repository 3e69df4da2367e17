import { isAbsolute, resolve } from 'node:path'
import { InvalidOptionError } from '../errors.ts'
import { checkOptions } from './check.ts'
import type { DockerOptions, InstanceOptions } from './options.ts'
import { dockerEntries } from './schema.ts'

/** A checked `docker`, with its defaults. */
export interface ResolvedDocker {
  /** With its tag or digest. */
  readonly image: string
  /** A name on PATH, or an absolute path. */
  readonly engine: string
  readonly user: string | undefined
  readonly args: readonly string[]
}

const defaultImage = 'tarantool/tarantool'
const defaultTag = '3.8'

// A colon before the last slash is a registry's port.
const isComplete = (image: string): boolean =>
  image.includes('@') || image.slice(image.lastIndexOf('/') + 1).includes(':')

/** A program's path made absolute; a name is left to PATH. */
export function engineProgram(engine: string, baseDir: string): string {
  return engine.includes('/') && !isAbsolute(engine) ? resolve(baseDir, engine) : engine
}

/** Fills in the defaults. */
export function resolveDocker(options: DockerOptions, baseDir: string): ResolvedDocker {
  const { image = defaultImage, tag = defaultTag, engine = 'docker', user, args = [] } = options
  return {
    image: isComplete(image) ? image : `${image}:${tag}`,
    engine: engineProgram(engine, baseDir),
    user,
    args,
  }
}

const published: ReadonlySet<string> = new Set(['127.0.0.1', 'unix/'])

/**
 * Refuses what does not go together with a container.
 *
 * @throws UnknownOptionError, InvalidOptionError
 */
export function checkDocker(options: InstanceOptions): void {
  const { docker } = options
  if (docker === undefined) return
  checkOptions('docker', dockerEntries, docker)
  if (docker.tag !== undefined && docker.image !== undefined && isComplete(docker.image)) {
    throw new InvalidOptionError(
      `option 'docker.image' (${docker.image}) has a tag or digest already, and 'docker.tag' is '${docker.tag}'`,
      { hint: 'Keep one of them.' },
    )
  }
  for (const name of ['commandToRun', 'commandArgs'] as const) {
    if (options[name] === undefined) continue
    throw new InvalidOptionError(`option '${name}' does not go with 'docker', which runs the image's own Tarantool`, {
      hint: "'docker.args' are further arguments of docker run.",
    })
  }
  for (const name of ['host', 'consoleHost'] as const) {
    const host = options[name]
    if (host === undefined || published.has(host)) continue
    throw new InvalidOptionError(
      `option '${name}' must be '127.0.0.1' or 'unix/' with 'docker', not ${JSON.stringify(host)}`,
      { hint: 'A container publishes its ports on 127.0.0.1 only.' },
    )
  }
}
