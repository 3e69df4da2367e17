import { relative } from 'node:path'
import { type ResolvedFixture, resolveFixture } from '../config/fixture-config.ts'
import type { CoverageSession } from '../coverage/session.ts'
import { endUnusedZygotes } from '../instance/prefork/zygotes.ts'
import { Broker } from './broker.ts'
import { joinCoverage } from './coverage.ts'
import { serializeError } from './error-transport.ts'
import { checkFixedPorts } from './fixed-ports.ts'
import { showHeld, waitForPerson } from './hold/person.ts'
import { Journal } from './journal.ts'
import type { BrokerTicket } from './messages.ts'
import { findVersions, obtainPrograms, versionsAtHand } from './programs.ts'
import type { JoinOptions, Registration, RunObserver, RunOptions, RunReport, RunSource } from './run-options.ts'
import { type ServerFiles, serverFiles, stampOf } from './server-files.ts'
import { needOf, type Workers } from './workers.ts'

/**
 * The servers of one setup in a runner's run. The projects that name the setup share the servers. The servers live
 * until the last of these projects has left.
 */
export class Run {
  readonly #source: RunSource
  readonly #options: RunOptions
  readonly #registration: Registration
  readonly #observer: RunObserver | undefined
  readonly #workers = new Map<object, Workers>()
  /** How many workers can be busy at once. */
  #busy = 0
  #users = 0
  #broker: Promise<Broker> | undefined
  #report: Promise<RunReport> | undefined
  #fixture: ResolvedFixture | undefined
  /** The files that the servers were made from. Undefined before that, and after a config that cannot be used. */
  #stamp: string | undefined
  #versions: BrokerTicket['versions']
  #refresh: Promise<void> | undefined
  #coverage: CoverageSession | undefined

  constructor(source: RunSource, options: RunOptions, registration: Registration) {
    this.#source = source
    this.#options = options
    this.#registration = registration
    this.#observer = options.observe?.()
  }

  get version(): string | undefined {
    return this.#options.version
  }

  /**
   * Joins some projects: makes the broker, waits until the servers' Tarantool is installed, and starts servers ahead
   * without waiting for them. A project that gets an error has not joined.
   *
   * @throws the error of a config that cannot be used
   */
  async join(options: JoinOptions): Promise<void> {
    this.#users++
    try {
      await this.#begin(options)
    } catch (error) {
      // Without a project that has joined, no test has run.
      if (this.#users === 1) this.#coverage?.withdraw(this)
      await this.leave()
      throw error
    }
  }

  /** Leaves the run. The last project that leaves ends the servers. */
  async leave(): Promise<void> {
    this.#users--
    if (this.#users <= 0) await this.end()
  }

  /**
   * Ends the servers, even if a project still uses them. Errors go to the console: a teardown that throws would hide
   * the results of the tests, and the teardowns of others.
   */
  async end(): Promise<void> {
    this.#users = 0
    this.#workers.clear()
    this.#registration.ended()
    this.#observer?.ended()
    for (const problem of await this.#close()) {
      console.error(`tarantool-fixture: ${(problem as Error).message ?? problem}`)
    }
    const coverage = this.#coverage
    this.#coverage = undefined
    await coverage?.leave(this)
  }

  /**
   * Ends the servers. In watch mode, those that are held last until the next run. For a runner whose setups and teardowns
   * belong to one run of the tests.
   */
  async rest(): Promise<void> {
    if (!this.#options.watches) return await this.end()
    const broker = await this.#broker?.catch(() => undefined)
    await broker?.endLeases()
    await this.showHeld()
    // A run that has made its reports does not fail the process, which goes on with other runs.
    await this.writeReports()
    if (!broker?.held.list.length) await this.end()
  }

  /** Shows the servers of failed tests that run on until the next run. */
  async showHeld(): Promise<void> {
    const broker = await this.#broker?.catch(() => undefined)
    if (broker) showHeld(broker.held)
  }

  /** The information about the run that workers need. */
  async ticket(): Promise<BrokerTicket> {
    const { servers = new Map<string, unknown>(), lease = 'file' } = this.#fixture ?? {}
    return { path: (await this.#broker)?.path, servers: [...servers.keys()], lease, versions: this.#versions }
  }

  /**
   * Called before a rerun in watch mode. Replaces servers whose Lua or config has changed. All projects of the run call
   * it at once.
   */
  async beforeRerun(): Promise<void> {
    this.#refresh ??= this.#replaceChanged().finally(() => {
      this.#refresh = undefined
    })
    await this.#refresh
  }

  /** Writes the reports that there are. Called in watch mode, when the tests have ended and the servers stay. */
  async writeReports(): Promise<void> {
    await (await this.#report)?.write()
    await this.#coverage?.report()
  }

  /** The files that a watcher has to watch. */
  watched(): ServerFiles {
    const { configFile } = this.#source
    const { files, roots } = this.#fixture ? serverFiles(this.#fixture) : { files: [], roots: [] }
    return { files: [...files, ...(configFile ? [configFile] : [])], roots }
  }

  async #begin({ workers, start, versions }: JoinOptions): Promise<void> {
    this.#fixture ??= await this.#load()
    const fixture = this.#fixture
    for (const [project, its] of workers) this.#workers.set(project, its)
    const { busy, ahead } = needOf(this.#workers.values(), versions)
    this.#busy = busy
    this.#checkPorts(fixture)
    this.#stamp ??= this.#currentStamp()
    const onRefused = (files: number): void => this.#observer?.refused(files)
    // A run that starts nothing has nothing to count.
    if (start && fixture.coverage) this.#coverage = await joinCoverage(this, fixture)
    if (fixture.report !== undefined) this.#report ??= this.#options.openReport?.(fixture.report, this.#title)
    const report = await this.#report
    this.#broker ??= Broker.listen({
      ...{ fixture, onRefused, tellsInFull: this.#options.tellsInFull },
      journal: report && new Journal(report.record),
    })
    const broker = await this.#broker
    if (start && fixture.lease === 'file') broker.prestart(ahead)
    if (start) await this.#obtain(fixture)
    else this.#versions = await versionsAtHand(fixture.servers)
  }

  // Tells the run from others of the same runner.
  get #title(): string | undefined {
    return this.version ?? (relative(process.cwd(), this.#source.baseDir) || undefined)
  }

  async #close(): Promise<unknown[]> {
    const broker = this.#broker
    const report = this.#report
    this.#broker = undefined
    this.#report = undefined
    this.#fixture = undefined
    this.#stamp = undefined
    // A broker that never listened has failed the joining, which has reported this.
    const listening = await broker?.catch(() => undefined)
    try {
      return await this.#closeBroker(listening, await report)
    } finally {
      await (await report)?.end()
      await endUnusedZygotes()
    }
  }

  async #closeBroker(broker: Broker | undefined, report: RunReport | undefined): Promise<unknown[]> {
    if (!broker) return []
    const problems: unknown[] = []
    try {
      if (!this.#options.watches) await showHeldServers(broker, report)
    } catch (error) {
      problems.push(error)
    }
    return [...problems, ...(await broker.close())]
  }

  #checkPorts(fixture: ResolvedFixture): void {
    checkFixedPorts(fixture, this.#busy, this.#registration.versions())
  }

  #currentStamp(): string {
    return stampOf(this.watched().files)
  }

  async #load(): Promise<ResolvedFixture> {
    const { load, baseDir } = this.#source
    return resolveFixture(await load(), baseDir, this.#options.version)
  }

  async #obtain({ servers, lease }: ResolvedFixture): Promise<void> {
    await obtainPrograms(servers)
    // A file that has its server from the start knows the version from the lease.
    this.#versions = lease === 'file' ? undefined : await findVersions(servers)
  }

  async #replaceChanged(): Promise<void> {
    const broker = await this.#broker
    await broker?.beginRun()
    ;(await this.#report)?.beginRun()
    this.#coverage?.beginRun()
    if (!this.#fixture || !broker || this.#currentStamp() === this.#stamp) return
    try {
      this.#fixture = await this.#load()
      this.#checkPorts(this.#fixture)
      await this.#obtain(this.#fixture)
      await broker.reload(this.#fixture)
      this.#stamp = this.#currentStamp()
    } catch (error) {
      // An error that is thrown here would end the runner. So the tests report it, also at the top of a file.
      broker.refuse(error as Error)
      this.#versions = Object.fromEntries([...this.#fixture.servers.keys()].map(name => [name, serializeError(error)]))
      // Nobody may watch the missing file, so the next run tries again.
      this.#stamp = undefined
    }
  }
}

async function showHeldServers(broker: Broker, report: RunReport | undefined): Promise<void> {
  await broker.endLeases()
  if (broker.held.list.length > 0) await report?.write()
  await waitForPerson(broker.held)
}
