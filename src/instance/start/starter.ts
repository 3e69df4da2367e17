import type { ResolvedOptions } from '../../config/resolve.ts'
import { afterTime } from '../../deadline.ts'
import { PortTakenError, StartTimeoutError } from '../../errors.ts'
import { hasSeed, readSeed } from '../../seed/seed-task.ts'
import { templatesRoot } from '../../seed/template-cache.ts'
import { templateKey } from '../../seed/template-key.ts'
import { type DataSource, startWithTemplate } from '../../seed/template-start.ts'
import { copyTemplate, type TemplateOrigin, TemplateStore } from '../../seed/template-store.ts'
import type { Trace } from '../../trace.ts'
import type { Version } from '../../version/version.ts'
import type { FailureContext, ServerDetails } from '../failure/details.ts'
import { notWritable } from '../failure/not-writable.ts'
import { portTaken } from '../failure/port-failure.ts'
import { tellOnce } from '../failure/tell-once.ts'
import { reaper } from '../owner/reaper.ts'
import { untilFree } from '../place/port-wait.ts'
import type { Workspace } from '../place/workspace.ts'
import type { TarantoolProcess } from '../process.ts'
import { OwnersUnknownError } from './access.ts'
import type { SeedDuty } from './init-script.ts'
import { type AbortReason, type Launch, type LaunchSpec, launch } from './launch.ts'
import type { Program, ReadyProgram } from './program.ts'
import { programOf } from './program-of.ts'
import type { ReadyReport } from './report.ts'
import { isReplicated, nameOfSeed } from './seed-terms.ts'

export interface StarterSpec {
  readonly recreate: boolean
  readonly replicationSource: string | readonly string[] | undefined
  /** Ends the start; the reason is an `AbortReason`. */
  readonly signal: AbortSignal
  /** Called with the process. If a start needs several processes, called with each. */
  readonly onProcess: (process: TarantoolProcess) => void
}

/** Starts an instance's server: from the binary to the report that the server is ready. */
export class Starter {
  readonly #options: ResolvedOptions
  readonly #workspace: Workspace
  readonly #details: (logStart: number) => ServerDetails
  readonly #trace: Trace
  readonly #program: Program
  #process: TarantoolProcess | undefined
  /** The reason why the seed runs at each start, if it does. */
  seedNote: string | undefined
  /** Some client may know the address, so it stays from then on. */
  addressIsKnown = false
  /** True if a server of this instance has listened on its addresses. */
  #hasListened = false

  constructor(
    options: ResolvedOptions,
    workspace: Workspace,
    { details, trace }: { details: (logStart: number) => ServerDetails; trace: Trace },
  ) {
    this.#options = options
    this.#workspace = workspace
    this.#details = details
    this.#trace = trace
    this.#program = programOf(options)
  }

  async version(): Promise<Version> {
    return await this.#program.version()
  }

  /** When this rejects, the process has ended, and its sockets are removed. */
  async start(spec: StarterSpec): Promise<ReadyReport> {
    const prepared = this.#program.prepare(spec.signal).catch((error: unknown) => {
      this.#throwIfAborted(spec.signal)
      throw error
    })
    const [program] = await Promise.all([prepared, this.#workspace.chooseAddresses()])
    try {
      return await this.#startFromData(program, spec)
    } catch (error) {
      if (!(error instanceof OwnersUnknownError)) throw error
      this.#workspace.access.giveUpGate()
      return await this.#startFromData(program, spec)
    }
  }

  async #startFromData(program: ReadyProgram, spec: StarterSpec): Promise<ReadyReport> {
    const root = templatesRoot()
    if (root === undefined || !this.#mayUseTemplate(spec)) {
      return await this.#bringUp(program, spec, { kind: 'seed', makeTemplate: false })
    }
    return await startWithTemplate<ReadyReport>({
      store: new TemplateStore(root),
      origin: () => this.#templateOrigin(program),
      directory: this.#workspace.directory,
      signal: spec.signal,
      // The server that makes the template has a time limit of its own. It ends first, and gives the reason.
      patience: 2 * this.#options.timeout,
      launch: source =>
        source.kind === 'copy' && source.isTrial
          ? this.#tryOut(program, spec, source)
          : this.#bringUp(program, spec, source),
      // Then no data survives a restart, and an application may rely on an empty database.
      keepsSnapshot: ({ wal_mode }) => wal_mode !== 'none',
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

  async #templateOrigin(program: ReadyProgram): Promise<TemplateOrigin> {
    const { credentials, madeUp } = this.#workspace.access
    // Each process has its own password, which the server sets at each start.
    const account = madeUp ? { ...madeUp, password: '' } : credentials
    return {
      key: await templateKey({ ...this.#options, credentials: account }, program.identity()),
      tarantool: program.name,
      seed: nameOfSeed(this.#options),
      environment: program.environment,
    }
  }

  #throwIfAborted(signal: AbortSignal): void {
    if (signal.aborted) throw (signal.reason as AbortReason)(this.#details(0))
  }

  // Only a server that is ready counts as the instance's server: its seeded successor has the full time of a start.
  async #tryOut(program: ReadyProgram, spec: StarterSpec, source: DataSource): Promise<ReadyReport> {
    const abort = new AbortController()
    const forward = (): void => abort.abort(spec.signal.reason)
    const late: AbortReason = context => new StartTimeoutError(`${context.instance} was not ready in time`, context)
    const callOff = afterTime(this.#options.timeout, () => abort.abort(late))
    spec.signal.addEventListener('abort', forward, { once: true })
    if (spec.signal.aborted) forward()
    let process: TarantoolProcess | undefined
    const onProcess = (made: TarantoolProcess): void => {
      process = made
    }
    try {
      const ready = await this.#bringUp(program, { ...spec, signal: abort.signal, onProcess }, source)
      if (process) spec.onProcess(process)
      return ready
    } finally {
      callOff()
      spec.signal.removeEventListener('abort', forward)
    }
  }

  async #endLast(): Promise<void> {
    this.#process?.kill()
    await this.#process?.wait()
    await this.#workspace.closeFront()
    this.#workspace.removeSockets()
  }

  async #bringUp(program: ReadyProgram, spec: StarterSpec, source: DataSource): Promise<ReadyReport> {
    const duty: SeedDuty =
      source.kind === 'seed'
        ? { task: await readSeed(this.#options), template: source.makeTemplate ? 'make' : undefined }
        : { task: undefined, template: source.isTrial ? 'try' : undefined }
    this.#traceData(source)
    const giveUpAt = performance.now() + this.#options.timeout
    let lost: PortTakenError | undefined
    for (;;) {
      try {
        this.#throwIfAborted(spec.signal)
        const { process, ready } = await this.#launch(program, spec, source, duty)
        spec.onProcess(process)
        const report = await ready
        this.addressIsKnown = true
        this.#hasListened = true
        return report
      } catch (error) {
        this.#workspace.removeSockets()
        await this.#workspace.closeFront()
        // The lost port explains more than the timeout that followed from it.
        if (lost && error instanceof StartTimeoutError) throw lost
        if (!(error instanceof PortTakenError) || !this.#isOurs(error.address) || performance.now() > giveUpAt)
          throw error
        lost = error
        if (this.#workspace.chosen.includes(error.address) && !this.addressIsKnown) {
          await this.#workspace.chooseAddresses({ anew: true })
        } else {
          await untilFree(error.address, giveUpAt, spec.signal)
        }
      }
    }
  }

  #traceData(source: DataSource): void {
    const name = nameOfSeed(this.#options)
    if (source.kind === 'copy') {
      this.#trace(`starts from the template of ${name}${source.isTrial ? ', for the first time' : ''}`)
    } else if (hasSeed(this.#options)) {
      this.#trace(`is seeded with ${name}${source.makeTemplate ? ', and its snapshot becomes a template' : ''}`)
    }
  }

  // True if a start should wait for the port: a server of this instance had it before, or the fixture chose it.
  #isOurs(address: string): boolean {
    return this.#hasListened || this.#workspace.chosen.includes(address) || this.#workspace.takesOver(address)
  }

  async #launch(
    program: ReadyProgram,
    { recreate, replicationSource, signal }: StarterSpec,
    source: DataSource,
    duty: SeedDuty,
  ): Promise<Launch> {
    const { directory, log, chosen } = this.#workspace
    const route = program.replicationRoute?.(replicationSource, directory)
    const script = this.#workspace.write(route ? route.sources : replicationSource, recreate, duty)
    const { addresses } = script
    if (source.kind === 'copy') {
      await copyTemplate(source.template, directory)
      this.#throwIfAborted(signal)
    }
    const context = (logStart: number): FailureContext => ({
      ...this.#details(logStart),
      listen: addresses.listen,
      console: addresses.console.uri,
      ports: addresses.own.ports,
      chosen,
      lineMap: script.lineMap,
      isMember: this.#options.replicaMode !== undefined,
      standby: this.#workspace.standby,
    })
    await this.#workspace.openFront(address => portTaken(address, context(0)))
    const closeRoute = await route?.open()
    const launched = await this.#launchIn(directory, closeRoute, {
      ...program.command({ directory, bootFile: script.bootFile, logFile: log.path, addresses }),
      nonce: script.nonce,
      signal,
      context,
    })
    this.#process = launched.process
    if (launched.process.pid) reaper.server(launched.process.pid, directory)
    void launched.process.exited.then(() => {
      if (this.#process !== launched.process) return
      reaper.ended(directory)
      this.#workspace.closeFront().catch(() => {})
    })
    return launched
  }

  // The launch reports errors of the process itself. The error here is a log that cannot be opened.
  async #launchIn(directory: string, closeRoute: (() => void) | undefined, spec: LaunchSpec): Promise<Launch> {
    try {
      const launched = await launch(spec)
      if (closeRoute) void launched.process.exited.then(closeRoute)
      return launched
    } catch (cause) {
      closeRoute?.()
      throw notWritable(`cannot open the log in ${directory}`, cause)
    }
  }
}
