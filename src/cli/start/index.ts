import { withoutBoot } from '../../broker/live-log.ts'
import { serverFiles } from '../../broker/server-files.ts'
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
  readonly #servers: readonly StartedServer[]
  readonly #watcher: SourceWatcher | undefined
  readonly #isForScripts: boolean

  constructor({ config, baseDir }: ProjectConfig, names: readonly string[], options: StartOptions) {
    const fixture = resolveFixture(config, baseDir)
    const servers = chosen(fixture, names)
    const prefixOf = (name: string): string => (servers.size > 1 ? `${name} | ` : '')
    this.#servers = [...servers].map(([name, server]) =>
      makeServer(name, server, options.log ? logPrinter(prefixOf(name)) : undefined),
    )
    this.#watcher = options.watch ? new SourceWatcher(() => serverFiles({ ...fixture, servers })) : undefined
    this.#isForScripts = options.json === true
  }

  /** Runs the servers until a signal comes, or until one of them fails and nobody waits for an edit. */
  async run(): Promise<void> {
    const signal = endSignal()
    // Servers do not keep Node alive.
    const alive = setInterval(() => {}, 2 ** 30)
    try {
      for (;;) {
        const event = await Promise.race([signal, this.#edit(), this.#live()])
        if (event === 'signal') return
        if (event !== 'edit') {
          if (!this.#watcher) throw event
          warn(`${event.message}\nThe servers start again after the next edit.`)
          if ((await Promise.race([signal, this.#edit()])) === 'signal') return
        }
        warn('a file has changed: the servers start again')
        await this.#stop()
      }
    } finally {
      clearInterval(alive)
      this.#watcher?.close()
      await this.#stop()
    }
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
    process.stdout.write(this.#isForScripts ? `${JSON.stringify(addresses)}\n` : describe(addresses))
    if (!this.#isForScripts) warn('Ctrl-C ends the servers; `tarantool-fixture console` opens a console')
  }
}

/**
 * Starts the servers of a project's config, and returns when a signal has ended them.
 *
 * @throws SetupError, UnknownServerError, the errors of a start, and the reason why a server has died
 */
export async function start(names: readonly string[], options: StartOptions): Promise<void> {
  await new Foreground(await loadProject(process.cwd(), options.config), names, options).run()
}
