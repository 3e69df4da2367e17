import type { BrokerClient } from '../broker/client.ts'
import type { LeasedServerInfo } from '../broker/messages.ts'
import { ConnectionError, ResetError, ServerExitedError } from '../errors.ts'
import { LogFile } from '../instance/log.ts'
import type { ServerConnections } from '../protocol/connections.ts'
import { setImmediate } from '../protocol/node-builtins.ts'
import { refusesConnections } from '../protocol/refuses-connections.ts'
import { LogMarks } from './log-marks.ts'
import type { Demand, Scope } from './scope.ts'
import { ServerLines } from './server-lines.ts'
import { ServerState, undoesBetweenFiles } from './server-state.ts'

// How many lines of a log an error shows.
const tailLines = 20

/** A worker's side of a lease: what it knows of its server, and what it does with it. */
export class LeasedServer {
  readonly name: string
  /** Where in the log the lease and the running tests began. */
  readonly marks: LogMarks
  readonly #client: BrokerClient
  readonly #forgetClient: () => void
  #info: LeasedServerInfo
  readonly #lines: ServerLines
  readonly #state: ServerState
  /** The test took it down, or froze it: no crash. */
  #askedFor = false
  /** Somebody has been told of the crash. */
  #isReported = false
  /** A test has had it, of this file or of an earlier one: whatever that test did to it, the next one has it fresh. */
  #touched: boolean

  constructor(client: BrokerClient, info: LeasedServerInfo) {
    this.name = info.name
    this.#client = client
    this.#info = info
    this.#lines = new ServerLines(info)
    this.#touched = info.used
    this.marks = new LogMarks(this.log.offset)
    this.#state = new ServerState({
      info: () => this.#info,
      ask: async (operation, depth) => await this.#lines.ask(operation, depth),
      renew: async () => await this.restart(true),
      kill: async () => await this.signal('SIGKILL'),
      details: async () => ({
        instance: this.#fingerprint,
        logTail: (await this.log.lines({ since: this.marks.earliest })).slice(-tailLines),
        logFile: this.#info.logFile,
      }),
    })
    // In a vm pool nobody else closes what a file's context leaves open.
    this.#forgetClient = client.onClose(() => this.close())
  }

  get info(): LeasedServerInfo {
    return this.#info
  }

  /** Whether it has died, and a test has been told. */
  get isCrashKnown(): boolean {
    return this.#isReported
  }

  get log(): LogFile {
    return new LogFile(this.#info.logFile)
  }

  /** Sends a request to the server itself. */
  async request<Result>(send: (connections: ServerConnections) => Promise<Result>): Promise<Result> {
    return await this.#lines.request(send)
  }

  /**
   * At the begin of a file: nothing of the file before it is there.
   *
   * @param record its tests, or those of one of its suites, want changes undone, which the config does not ask for
   */
  async beginFile(record: boolean): Promise<void> {
    if (record) await this.#record()
    else if (this.#info.used && undoesBetweenFiles(this.#info)) await this.#state.beginFile()
  }

  /**
   * Before a test: the server runs, and is as the test is to find it.
   *
   * @returns the error of a server that died where no test was running, in a `beforeAll` for instance; or of one that is
   *   not as it should be
   */
  async beginTest(demand: Demand): Promise<ServerExitedError | ResetError | undefined> {
    const { isolation } = demand
    const { generation } = this.#info
    if (isolation === 'reset' && this.#seemsToRun) {
      try {
        const lost = await this.#state.beginTest(demand, true)
        this.#began(generation)
        return lost
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error
        this.#lines.suspect()
      }
    }
    const crash = this.#isReported ? undefined : await this.crash('before this test', this.marks.earliest)
    const isNew = isolation === 'restart' || isolation === 'process'
    if (this.#lines.isDown || this.#askedFor) {
      await this.#ensureRuns(demand.hooksRan, isolation === 'process')
    } else if (isNew && ((await this.#state.hooksChanged(demand)) || this.#touched)) {
      if (isolation === 'process') await this.renew()
      else await this.restart(true)
      this.#state.noticeProcess(`a test had isolation '${isolation}'`, { died: false, hooksRan: false })
    }
    if (isolation === 'reset' || isolation === 'file') await this.#record()
    this.#began(generation)
    const lost = await this.#state.beginTest(demand)
    return crash ?? lost
  }

  /**
   * After a test.
   *
   * @param undo at once, and not when the next test begins, what it changed
   */
  async endTest(demand: Demand, undo: boolean): Promise<void> {
    // One that is down is replaced by the next test.
    const isThere = !(this.#lines.isDown || this.#askedFor)
    await this.#state.endTest(isThere ? demand : { ...demand, isolation: 'none' }, undo)
  }

  /** @throws ServerExitedError when it has died, and nobody was told; it runs again */
  async openSuite(suites: readonly Scope[]): Promise<void> {
    const crash = this.#isReported ? undefined : await this.crash('before this suite', this.marks.earliest)
    await this.#ensureRuns(suites.at(-1)?.parent?.hasHooks ?? true)
    await this.#state.openSuite(suites)
    if (crash) throw crash
  }

  async closeSuite(suites: readonly Scope[]): Promise<void> {
    if (!(this.#lines.isDown || this.#askedFor)) await this.#state.closeSuite(suites)
  }

  /** By hand: back to how the test began, or in a hook of a suite, to what was before that suite. */
  async reset(): Promise<void> {
    if (!this.#info.records) {
      throw new ResetError(`${this.#fingerprint} does not record its changes: nothing can be undone`, {
        instance: this.#fingerprint,
        hint: "Give it, or this file's useTarantool(), isolation: 'reset' or 'file'.",
      })
    }
    if (this.#lines.isDown || this.#askedFor) await this.ensure()
    await this.#state.reset()
  }

  /**
   * The error of a server that has died without being asked to, or is about to.
   *
   * @param when ends its message
   * @param suspect something has failed that a dying server would explain
   */
  async crash(when: string, logSince: number, suspect = false): Promise<ServerExitedError | undefined> {
    // The end of the watching connection is in this process's hands by now, but may not have been looked at.
    await new Promise<void>(resolve => setImmediate(resolve))
    if (this.#askedFor) return undefined
    const lines = this.#lines
    const isEnding = suspect && !lines.isDown && (await refusesConnections(this.#info.address.binary))
    if (!(lines.isDown || lines.brokeOff || isEnding)) return undefined
    const crash = await this.#client.request('crash', { server: this.name })
    lines.settle(crash !== null)
    if (!crash) return undefined
    this.#isReported = true
    const how = crash.signal ? `was killed by ${crash.signal}` : `exited with code ${crash.exitCode}`
    return new ServerExitedError(`${crash.fingerprint} ${how} ${when}`, {
      instance: crash.fingerprint,
      exitCode: crash.exitCode,
      signal: crash.signal,
      logTail: (await this.log.lines({ since: logSince })).slice(-tailLines),
      logFile: crash.logFile,
      hint: 'The next test gets a new server on the same address.',
    })
  }

  /** Makes sure that the server runs; one that does not is started with an empty directory. */
  async ensure(): Promise<void> {
    await this.#changed(this.#client.request('ensure', { server: this.name }))
  }

  async start(recreate: boolean): Promise<void> {
    await this.#changed(this.#client.request('start', { server: this.name, recreate }))
    if (recreate) this.marks.moveTo(0)
  }

  async restart(recreate: boolean, record = false): Promise<void> {
    this.#goingDown()
    await this.#changed(this.#client.request('restart', { server: this.name, recreate, record }))
    if (recreate) this.marks.moveTo(0)
  }

  /** Another process, as new, in the server's place. */
  async renew(): Promise<void> {
    this.#goingDown()
    await this.#changed(this.#client.request('renew', { server: this.name }))
  }

  async stop(): Promise<void> {
    this.#goingDown()
    await this.#client.request('stop', { server: this.name })
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    if (signal === 'SIGCONT') this.#askedFor = this.#lines.isDown
    // A frozen server keeps its connections. Whatever another signal does to it, the test wanted it.
    else if (signal === 'SIGSTOP') this.#askedFor = true
    else this.#goingDown()
    await this.#client.request('signal', { server: this.name, signal })
  }

  /** Tells that a test failed, where that makes a difference to what is kept. */
  async testFailed(): Promise<void> {
    if (this.#info.keepsOnFailure) await this.#client.request('failed', { server: this.name })
  }

  /** Closes the connections; the lease itself is the broker's to end. */
  close(): void {
    this.#forgetClient()
    this.#lines.close()
  }

  // One that a test took down, or that died, is another one from here on.
  async #ensureRuns(hooksRan: boolean, asProcess = false): Promise<void> {
    if (!(this.#lines.isDown || this.#askedFor)) return
    const died = !this.#askedFor
    if (asProcess) await this.renew()
    else await this.ensure()
    this.#state.noticeProcess(died ? 'it died' : 'it was stopped or killed', { died, hooksRan })
  }

  /** As far as is known here. What it is asked next tells. */
  get #seemsToRun(): boolean {
    const { isDown, brokeOff } = this.#lines
    return this.#info.records && !(this.#askedFor || this.#isReported || isDown || brokeOff)
  }

  #began(formerGeneration: number): void {
    // What a server logs of its start is not the test's.
    if (this.#info.generation !== formerGeneration) this.marks.moveTo(this.log.offset)
    this.#touched = true
  }

  get #fingerprint(): string {
    return `Tarantool[${this.#info.host}:${this.#info.port}]`
  }

  #goingDown(): void {
    this.#askedFor = true
    this.#lines.disconnect()
  }

  async #changed(request: Promise<LeasedServerInfo>): Promise<void> {
    this.#info = await request
    this.#lines.connectTo(this.#info)
    this.#askedFor = false
    this.#isReported = false
  }

  /** From here on it records what changes, which a new process has to do from its start. */
  async #record(): Promise<void> {
    if (!this.#info.records) await this.restart(true, true)
  }
}
