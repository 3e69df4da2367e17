import { type Binary, locateBinary } from '../binary/locate.ts'
import { binaryVersion, type Version } from '../binary/version.ts'
import { type ResolvedOptions, walModeOf } from '../config/resolve.ts'
import { PortTakenError, RootNotWritableError, StartTimeoutError } from '../errors.ts'
import { hasSeed, readSeed } from '../isolation/seed-task.ts'
import { templatesRoot } from '../isolation/template-cache.ts'
import { templateKey } from '../isolation/template-key.ts'
import { type DataSource, startWithTemplate, TemplateGoneError } from '../isolation/template-start.ts'
import { copyTemplate, type TemplateOrigin, TemplateStore } from '../isolation/template-store.ts'
import { forgetPid, recordPid } from './directory.ts'
import { serverEnvironment } from './environment.ts'
import type { SeedDuty } from './init-script.ts'
import { type AbortReason, type Launch, type LaunchSpec, launch } from './launch.ts'
import type { TarantoolProcess } from './process.ts'
import type { ReadyReport } from './report.ts'
import { isReplicated, nameOfSeed, tellOnce } from './seed-terms.ts'
import type { ServerDetails } from './start-failure.ts'
import type { Workspace } from './workspace.ts'

export interface StarterSpec {
  readonly recreate: boolean
  readonly replicationSource: string | readonly string[] | undefined
  /** Ends the start; the reason is an `AbortReason`. */
  readonly signal: AbortSignal
  /** Called with the process, or with each when more than one has to be made. */
  readonly onProcess: (process: TarantoolProcess) => void
}

// How often a port may be lost between its choice and the server's bind before it is called a fault.
const portAttempts = 5

/** Brings an instance's server up: from the binary to the report that it is ready. */
export class Starter {
  readonly #options: ResolvedOptions
  readonly #workspace: Workspace
  readonly #details: (logStart: number) => ServerDetails
  #process: TarantoolProcess | undefined
  /** Why the seed runs at each start, where it does. */
  seedNote: string | undefined
  /** Somebody may know the address: from then on it stays. */
  addressIsKnown = false

  constructor(options: ResolvedOptions, workspace: Workspace, details: (logStart: number) => ServerDetails) {
    this.#options = options
    this.#workspace = workspace
    this.#details = details
  }

  async version(): Promise<Version> {
    return await binaryVersion(await this.#locate(), { commandArgs: this.#options.commandArgs })
  }

  /** The process has ended, and its sockets are gone, when this rejects. */
  async start(spec: StarterSpec): Promise<ReadyReport> {
    const located = this.#locateChecked(spec.signal).catch((error: unknown) => {
      this.#throwIfAborted(spec.signal)
      throw error
    })
    const [{ binary, version }] = await Promise.all([located, this.#workspace.chooseAddresses()])
    const root = templatesRoot()
    if (root === undefined || !this.#mayUseTemplate(spec)) {
      return await this.#bringUp(binary, spec, { kind: 'seed', makeTemplate: false })
    }
    return await startWithTemplate<ReadyReport>({
      store: new TemplateStore(root),
      origin: () => this.#templateOrigin(binary, version),
      directory: this.#workspace.directory,
      signal: spec.signal,
      // One that has its own time limit ends first, and says how.
      patience: 2 * this.#options.timeout,
      launch: source =>
        source.kind === 'copy' && source.isTrial
          ? this.#tryOut(binary, spec, source)
          : this.#bringUp(binary, spec, source),
      // Nothing survives a restart then, and an application may rely on an empty database.
      keepsSnapshot: walModeOf(this.#options, undefined) !== 'none',
      end: () => this.#endLast(),
      tell: reason => {
        this.seedNote = `The seed (${nameOfSeed(this.#options)}) runs at each start: ${reason}.`
        tellOnce(this.seedNote, this.#options.logger)
      },
    })
  }

  #mayUseTemplate({ recreate, replicationSource }: StarterSpec): boolean {
    const options = this.#options
    return recreate && options.seedTemplate && hasSeed(options) && !isReplicated(options, replicationSource)
  }

  async #templateOrigin(binary: Binary, version: Version): Promise<TemplateOrigin> {
    return {
      key: await templateKey(this.#options, { path: binary.path, version: version.text }),
      tarantool: version.text,
      seed: nameOfSeed(this.#options),
      environment: serverEnvironment(binary.env, this.#options.env),
    }
  }

  #throwIfAborted(signal: AbortSignal): void {
    if (signal.aborted) throw (signal.reason as AbortReason)(this.#details(0))
  }

  // Only a server that is ready counts as the instance's: its seeded successor has the whole time of a start.
  async #tryOut(binary: Binary, spec: StarterSpec, source: DataSource): Promise<ReadyReport> {
    const abort = new AbortController()
    const forward = (): void => abort.abort(spec.signal.reason)
    const late: AbortReason = context => new StartTimeoutError(`${context.instance} is slow from a template`, context)
    const timer = setTimeout(() => abort.abort(late), this.#options.timeout)
    spec.signal.addEventListener('abort', forward, { once: true })
    if (spec.signal.aborted) forward()
    let process: TarantoolProcess | undefined
    const onProcess = (made: TarantoolProcess): void => {
      process = made
    }
    try {
      const ready = await this.#bringUp(binary, { ...spec, signal: abort.signal, onProcess }, source)
      if (process) spec.onProcess(process)
      return ready
    } finally {
      clearTimeout(timer)
      spec.signal.removeEventListener('abort', forward)
    }
  }

  async #endLast(): Promise<void> {
    this.#process?.kill()
    await this.#process?.wait()
    forgetPid(this.#workspace.directory)
    this.#workspace.removeSockets()
  }

  async #bringUp(binary: Binary, spec: StarterSpec, source: DataSource): Promise<ReadyReport> {
    const duty: SeedDuty =
      source.kind === 'seed'
        ? { task: await readSeed(this.#options), template: source.makeTemplate ? 'make' : undefined }
        : { task: undefined, template: source.isTrial ? 'try' : undefined }
    for (let attempt = 1; ; attempt++) {
      this.#throwIfAborted(spec.signal)
      const { process, ready } = await this.#launch(binary, spec, source, duty)
      this.#process = process
      spec.onProcess(process)
      try {
        const report = await ready
        this.addressIsKnown = true
        return report
      } catch (error) {
        this.#workspace.removeSockets()
        const lost = error instanceof PortTakenError && this.#workspace.chosen.includes(error.address)
        if (!lost || this.addressIsKnown || attempt === portAttempts) throw error
        await this.#workspace.chooseAddresses({ anew: true })
      }
    }
  }

  async #locate(signal?: AbortSignal): Promise<Binary> {
    const { commandToRun } = this.#options
    return await locateBinary({ ...(commandToRun && { commandToRun }), ...(signal && { signal }) })
  }

  // Asked at the first start of a binary, so that a program that is no Tarantool is never run with our script.
  async #locateChecked(signal: AbortSignal): Promise<{ binary: Binary; version: Version }> {
    const binary = await this.#locate(signal)
    return { binary, version: await binaryVersion(binary, { commandArgs: this.#options.commandArgs }) }
  }

  async #launch(
    binary: Binary,
    { recreate, replicationSource, signal }: StarterSpec,
    source: DataSource,
    duty: SeedDuty,
  ): Promise<Launch> {
    const { directory, log, chosen, addresses } = this.#workspace
    const script = this.#workspace.write(replicationSource, recreate, duty)
    if (source.kind === 'copy') {
      await copyTemplate(source.template, directory).catch((cause: unknown) => {
        throw new TemplateGoneError((cause as Error).message, { cause })
      })
      this.#throwIfAborted(signal)
    }
    const launched = this.#launchIn(directory, {
      command: binary.path,
      args: [...this.#options.commandArgs, script.bootFile],
      cwd: directory,
      env: serverEnvironment(binary.env, this.#options.env),
      logFile: log.path,
      nonce: script.nonce,
      signal,
      context: logStart => ({
        ...this.#details(logStart),
        listen: addresses?.listen ?? '?',
        console: addresses?.console.uri ?? '?',
        chosen,
        lineMap: script.lineMap,
        standsBy: this.#workspace.standsBy,
      }),
    })
    if (launched.process.pid) recordPid(directory, launched.process.pid)
    return launched
  }

  // What goes wrong with the process itself is told by the launch; here it is the log that cannot be opened.
  #launchIn(directory: string, spec: LaunchSpec): Launch {
    try {
      return launch(spec)
    } catch (cause) {
      throw new RootNotWritableError(`cannot open the log in ${directory}: ${(cause as Error).message}`, { cause })
    }
  }
}
