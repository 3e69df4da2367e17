import { basename, join } from 'node:path'
import { announceImage } from '../../binary/announce.ts'
import { toStderr } from '../../binary/locate.ts'
import type { ResolvedDocker } from '../../config/docker.ts'
import type { ResolvedOptions } from '../../config/resolve.ts'
import { tryParseVersion, type Version } from '../../version/version.ts'
import { errorOfContainer } from '../failure/container-failure.ts'
import { holdsNoTarantool } from '../failure/image-failure.ts'
import { directoryPrefix } from '../place/directory.ts'
import { ownVariables } from '../start/own-variables.ts'
import type { Program, ReadyProgram, ServerCommand, ServerPlace } from '../start/program.ts'
import { ContainerControl } from './control.ts'
import { askEngine, engineEnvironment } from './engine.ts'
import { mountArguments } from './mounts.ts'
import { forgetPrepared, type Prepared, prepareContainers } from './prepared.ts'
import { openWays, replicationWays } from './relay.ts'
import { ownerLabel } from './sweep.ts'
import { passVariables } from './variables.ts'

const versions = new Map<string, Promise<Version>>()

/** The Tarantool in an image, run by a container engine. */
export class DockerProgram implements Program {
  readonly #options: ResolvedOptions
  readonly #docker: ResolvedDocker
  /** Each process has a container with its own name, because an engine may still remove the previous container. */
  #runs = 0

  constructor(options: ResolvedOptions, docker: ResolvedDocker) {
    this.#options = options
    this.#docker = docker
  }

  async version(): Promise<Version> {
    const { image } = await prepareContainers(this.#docker)
    const known = versions.get(image.id)
    if (known) return await known
    const asked = this.#askVersion()
    versions.set(image.id, asked)
    asked.catch(() => versions.delete(image.id))
    return await asked
  }

  async obtain(signal?: AbortSignal): Promise<void> {
    await prepareContainers(this.#docker, signal)
  }

  async prepare(signal: AbortSignal): Promise<ReadyProgram> {
    const prepared = await prepareContainers(this.#docker, signal)
    const { image, engine } = this.#docker
    announceImage(image, engine, { report: toStderr, quiet: this.#options.quiet })
    return {
      name: this.#docker.image,
      environment: this.#options.env,
      identity: () => [prepared.image.id, this.#docker.args, this.#userArguments(prepared)],
      command: place => this.#command(place, prepared),
      replicationRoute: (sources, directory) => {
        if (sources === undefined) return { sources, open: async () => () => {} }
        const { uris, ways } = replicationWays(typeof sources === 'string' ? [sources] : sources, directory)
        return { sources: uris, open: () => openWays(ways) }
      },
    }
  }

  async #askVersion(): Promise<Version> {
    const { engine, image } = this.#docker
    const run = ['run', '--rm', '--pull', 'never', '--network', 'none', '--entrypoint', 'tarantool', image, '--version']
    const { stdout, stderr } = await askEngine(engine, run)
    const version = tryParseVersion(/^Tarantool .*/m.exec(stdout)?.[0] ?? '')
    if (version) return version
    throw holdsNoTarantool(image, (stderr || stdout).trim() || 'it says nothing')
  }

  #command(place: ServerPlace, prepared: Prepared): ServerCommand {
    const { engine, image } = this.#docker
    const { directory, logFile } = place
    const unique = `${basename(directory).slice(directoryPrefix.length)}-${++this.#runs}`
    const name = `tarantool-fixture-${unique}`
    const idFile = join(directory, `container-${this.#runs}.id`)
    const user = this.#userArguments(prepared)
    const env = ownVariables(place.addresses, this.#options.env)
    const variables = passVariables(env, join(directory, 'container.env'))
    return {
      command: engine,
      args: [
        ...['run', '--interactive', '--rm', '--pull', 'never', '--name', name, '--cidfile', idFile],
        ...['--label', ownerLabel(), '--label', `tarantool-fixture.directory=${directory}`],
        // The server itself writes the log file. Nobody here needs the image's health check.
        ...['--log-driver', 'none', '--no-healthcheck', '--security-opt', 'label=disable'],
        ...['--workdir', directory, ...user, ...publishArguments(place), ...mountArguments(this.#options, place)],
        // `--env` without a value removes a variable that the image sets. It would also remove a variable that the file
        // sets.
        ...prepared.image.settings.filter(name => !Object.hasOwn(env, name)).flatMap(name => ['--env', name]),
        ...variables.args,
        ...this.#docker.args,
        ...['--entrypoint', 'tarantool', image, place.bootFile],
      ],
      cwd: directory,
      env: { ...engineEnvironment(), ...variables.clientEnv },
      logFile,
      control: client => new ContainerControl(client, { engine, name, idFile }),
      errorOfExit: (exit, context) => {
        const error = errorOfContainer(exit, context, {
          engine,
          image,
          directory,
          user: user.at(-1),
          isUserGiven: this.#docker.user !== undefined,
        })
        if (error) forgetPrepared(this.#docker)
        return error
      },
    }
  }

  /** With this user, files that the server writes belong to the user, and the server may write to the user's files. */
  #userArguments({ info }: Prepared): string[] {
    if (this.#docker.user !== undefined) return ['--user', this.#docker.user]
    // The root of a rootless Docker's containers is the user.
    if (info.kind === 'docker' && info.isRootless) return ['--user', '0:0']
    const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`
    return [...(info.isRootless ? ['--userns', 'keep-id'] : []), '--user', user]
  }
}

function publishArguments({ addresses }: ServerPlace): string[] {
  if (!addresses) return []
  const ports = [
    addresses.standby ? undefined : addresses.port,
    addresses.console.port,
    ...Object.values(addresses.own.ports),
  ]
  return ports.flatMap(port => (typeof port === 'number' ? ['--publish', `127.0.0.1:${port}:${port}`] : []))
}
