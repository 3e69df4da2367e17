import { isAbsolute, resolve } from 'node:path'
import { InvalidOptionError } from '../errors.ts'
import { readWantedVersion } from '../version/wanted.ts'
import { checkOptions } from './check.ts'
import type { DockerOptions, InstanceOptions } from './options.ts'
import { dockerOptions } from './table/docker.ts'
import { entriesOf } from './table/option.ts'
import { versionOfEnvironment } from './version.ts'

/** A checked `docker`, with its dockerOptions. */
export interface ResolvedDocker {
  /** The image's name with its tag or digest. */
  readonly image: string
  /** A name on PATH, or an absolute path. */
  readonly engine: string
  readonly user: string | undefined
  readonly args: readonly string[]
}

const defaultTag = '3.8'

/** True if an image is named with its tag or digest. A colon before the last slash is a registry's port. */
export const isComplete = (image: string): boolean =>
  image.includes('@') || image.slice(image.lastIndexOf('/') + 1).includes(':')

/** A program's path made absolute. A bare name stays as it is, for PATH. */
function engineProgram(engine: string, baseDir: string): string {
  return engine.includes('/') && !isAbsolute(engine) ? resolve(baseDir, engine) : engine
}

/**
 * Fills in the dockerOptions.
 *
 * @param version the option; its default is TARANTOOL_FIXTURE_VERSION
 * @throws InvalidOptionError if the variable is malformed
 */
export function resolveDocker(options: DockerOptions, baseDir: string, version?: string): ResolvedDocker {
  const {
    image = dockerOptions.image.default,
    engine = dockerOptions.engine.default,
    user,
    args = dockerOptions.args.default,
  } = options
  const tag = options.tag ?? version ?? (isComplete(image) ? undefined : tagOfEnvironment()) ?? defaultTag
  return {
    image: isComplete(image) ? image : `${image}:${tag}`,
    engine: engineProgram(engine, baseDir),
    user,
    args,
  }
}

function tagOfEnvironment(): string | undefined {
  const version = versionOfEnvironment()
  return version && readWantedVersion(version, 'TARANTOOL_FIXTURE_VERSION').text
}

// A tag may say more than the version: 3.8.0-ubuntu20.04 fits 3.8.
const saysVersion = (tag: string | undefined, version: string): boolean =>
  tag !== undefined && (tag === version || tag.startsWith(`${version}.`) || tag.startsWith(`${version}-`))

function tagOf(image: string): string | undefined {
  const [name = ''] = image.split('@')
  return isComplete(name) ? name.slice(name.lastIndexOf(':') + 1) : undefined
}

function checkVersionOfImage(version: string, { image, tag }: DockerOptions): void {
  const given = tag === undefined && image !== undefined && isComplete(image) ? (['image', image] as const) : undefined
  const [name, value] = given ?? (['tag', tag] as const)
  if (value === undefined || saysVersion(given ? tagOf(value) : value, version)) return
  throw new InvalidOptionError(`option 'version' is '${version}', but 'docker.${name}' is '${value}'`, {
    hint: "Keep one of them: with 'docker', 'version' is the image's tag.",
  })
}

const published: ReadonlySet<string> = new Set(['127.0.0.1', 'unix/'])

/**
 * Refuses options that a container cannot have.
 *
 * @throws UnknownOptionError, InvalidOptionError
 */
export function checkDocker(options: InstanceOptions): void {
  const { docker } = options
  if (docker === undefined) return
  checkOptions('docker', entriesOf(dockerOptions), docker)
  if (docker.tag !== undefined && docker.image !== undefined && isComplete(docker.image)) {
    throw new InvalidOptionError(
      `option 'docker.image' (${docker.image}) has a tag or digest already, and 'docker.tag' is '${docker.tag}'`,
      { hint: 'Keep one of them.' },
    )
  }
  if (options.version !== undefined) checkVersionOfImage(options.version, docker)
  for (const name of ['commandToRun', 'commandArgs'] as const) {
    if (options[name] === undefined) continue
    throw new InvalidOptionError(
      `option '${name}' cannot be used with 'docker', which runs the image's own Tarantool`,
      {
        hint: "Put further arguments of docker run into 'docker.args'.",
      },
    )
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
