import { withoutBoot } from '../../broker/live-log.ts'
import { type ServerFiles, serverFiles, stampOf } from '../../broker/server-files.ts'
import { unknownServer } from '../../broker/unknown-server.ts'
import { type ResolvedFixture, resolveFixture } from '../../config/fixture-config.ts'
import type { Logger } from '../../config/options.ts'
import { loadProject, type ProjectConfig } from '../project.ts'
import { aligned } from '../text.ts'
import { makeServer, type Reachable, type StartedServer } from './running-server.ts'
import { SourceWatcher } from './watcher.ts'

/** The options of the command `start`. */
export interface StartOptions {
  readonly config?: string
  readonly watch?: boolean
  readonly json?: boolean
  /** False for `--no-log`. */
  readonly log: boolean
}

function chosen(fixture: ResolvedFixture, names: readonly string[]): ResolvedFixture['servers'] {
  const { servers } = fixture
  const stranger = names.find(name => !servers.has(name))
  if (stranger !== undefined) throw unknownServer(stranger, [...servers.keys()])
  return new Map([...servers].filter(([name]) => names.length === 0 || names.includes(name)))
}

function describe(addresses: readonly Reachable[]): string {
  const rows = addresses.map(({ name, host, port, user, password, ports, version }) => [
    name,
    host === 'unix/' ? String(port) : `${host}:${port}`,
    `Tarantool ${version.replace(/-.*/, '')}`,
    user === undefined ? 'guest' : `${user}:${password}`,
    ...Object.entries(ports).map(([named, number]) => `${named}: ${number}`),
  ])
  return aligned(rows)
}

/** Resolves when a signal asks the program to end. A second signal ends the process at once, and the servers with it. */
function endSignal(): Promise<'signal'> {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  return new Promise(resolve => {
    const onSignal = (): void => {
      for (const name of names) process.off(name, onSignal)
      resolve('signal')
    }
    for (const name of names) process.on(name, onSignal)
  })
}

/** Prints a server's log without the lines that each start logs. */
const logPrinter = (prefix: string): Logger => withoutBoot(line => process.stderr.write(`${prefix}${line}\n`))

function warn(text: string): void {
  process.stderr.write(`tarantool-fixture: ${text}\n`)
}

/** The servers of a config, in the foreground. */
class Foreground {
  readonly #load: () => Promise<ProjectConfig>
  readonly #names: readonly string[]
  readonly #options: StartOptions
  readonly #watcher: SourceWatcher | undefined
  #servers: readonly StartedServer[] = []
  /** The config of the servers. */
  #project: ProjectConfig
  /** A config that was read after an edit. The servers do not have it yet. */
  #edited: ProjectConfig | undefined
  /** The files that the servers are made from. */
  #files: ServerFiles
  /** The config's files as they were when they were read, whether the config could be used or not. */
  #configStamp = ''

  constructor(
    project: ProjectConfig,
    load: () => Promise<ProjectConfig>,
    names: readonly string[],
    options: StartOptions,
  ) {
    this.#load = load
    this.#names = names
    this.#options = options
    this.#project = project
    this.#files = this.#use(project)
    this.#configStamp = stampOf(project.files)
    this.#watcher = options.watch ? new SourceWatcher(() => this.#watched()) : undefined
  }

  /** Runs the servers until a signal comes, or until one of them fails and nobody waits for an edit. */
  async run(): Promise<void> {
    const signal = endSignal()
    // Servers do not keep Node alive.
    const alive = setInterval(() => {}, 2 ** 30)
    try {
      for (;;) {
        const event = await this.#next(signal, this.#live())
        if (event === 'signal') return
        if (event !== 'edit') {
          if (!this.#watcher) throw event
          warn(`${event.message}\nThe servers start again after the next edit.`)
          if ((await this.#next(signal)) === 'signal') return
        }
        warn('a file has changed: the servers start again')
        await this.#stop()
        this.#adopt()
      }
    } finally {
      clearInterval(alive)
      this.#watcher?.close()
      await this.#stop()
    }
  }

  /** Waits for a signal, for an edit after which the servers start again, or for the end of a server. */
  async #next(signal: Promise<'signal'>, end?: Promise<Error>): Promise<'signal' | 'edit' | Error> {
    for (;;) {
      const event = await Promise.race([signal, this.#edit(), ...(end ? [end] : [])])
      if (event !== 'edit' || (await this.#readConfig())) return event
    }
  }

  /** Reads the config again if it was edited. Returns false if it cannot be used. */
  async #readConfig(): Promise<boolean> {
    const stamp = stampOf((this.#edited ?? this.#project).files)
    if (stamp === this.#configStamp) return true
    this.#configStamp = stamp
    try {
      const project = await this.#load()
      chosen(resolveFixture(project.config, project.baseDir), this.#names)
      this.#edited = project
      this.#configStamp = stampOf(project.files)
      return true
    } catch (error) {
      warn(`${(error as Error).message}\nThe servers stay as they are until the next edit.`)
      return false
    }
  }

  /** Makes other servers if the config was edited. */
  #adopt(): void {
    if (!this.#edited) return
    this.#project = this.#edited
    this.#edited = undefined
    this.#files = this.#use(this.#project)
  }

  /** Makes the servers of a config. A server keeps the ports of the server that had its name. */
  #use(project: ProjectConfig): ServerFiles {
    const fixture = resolveFixture(project.config, project.baseDir)
    const servers = chosen(fixture, this.#names)
    const former = new Map(this.#servers.map(server => [server.name, server]))
    const prefixOf = (name: string): string => (servers.size > 1 ? `${name} | ` : '')
    this.#servers = [...servers].map(([name, server]) =>
      makeServer(name, server, {
        logger: this.#options.log ? logPrinter(prefixOf(name)) : undefined,
        former: former.get(name),
      }),
    )
    return serverFiles({ ...fixture, servers })
  }

  #watched(): ServerFiles {
    const { files, roots } = this.#files
    return { files: [...files, ...(this.#edited ?? this.#project).files], roots }
  }

  /** Starts the servers. Resolves to the reason why one of them failed. */
  async #live(): Promise<Error> {
    try {
      await Promise.all(this.#servers.map(server => server.start()))
      this.#tell()
      return await Promise.race(this.#servers.map(server => server.died()))
    } catch (error) {
      return error as Error
    }
  }

  async #edit(): Promise<'edit'> {
    await (this.#watcher ? this.#watcher.changed() : new Promise(() => {}))
    return 'edit'
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#servers.map(server => server.stop()))
  }

  #tell(): void {
    const addresses = this.#servers.flatMap(server => server.addresses())
    process.stdout.write(this.#options.json ? `${JSON.stringify(addresses)}\n` : describe(addresses))
    if (!this.#options.json) warn('Ctrl-C ends the servers; `tarantool-fixture console` opens a console')
  }
}

/**
 * Starts the servers of a project's config, and returns when a signal has ended them.
 *
 * @throws SetupError, UnknownServerError, the errors of a start, and the reason why a server has died
 */
export async function start(names: readonly string[], options: StartOptions): Promise<void> {
  const load = (): Promise<ProjectConfig> => loadProject(process.cwd(), options.config)
  await new Foreground(await load(), load, names, options).run()
}
