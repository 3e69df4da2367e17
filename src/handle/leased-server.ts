import { connect, type Socket } from 'node:net'
import type { BrokerClient } from '../broker/client.ts'
import type { LeasedServerInfo } from '../broker/messages.ts'
import type { Isolation } from '../config/fixture-config.ts'
import { ConnectionError, ServerExitedError } from '../errors.ts'
import { LogFile } from '../instance/log.ts'
import { ServerConnections } from '../protocol/connections.ts'
import { refusesConnections } from '../protocol/refuses-connections.ts'
import { LogMarks } from './log-marks.ts'

// Taken before a test can put fake timers in their place.
const { setImmediate: nextTurn } = globalThis

// How many lines of a log an error shows.
const tailLines = 20

/**
 * A worker's side of a lease: what it knows of its server, and the connections that it talks to it with.
 *
 * It holds one idle connection to the console, whose end says at once that the server has died.
 */
export class LeasedServer {
  readonly name: string
  /** Where in the log the lease and the running tests began. */
  readonly marks: LogMarks
  readonly #client: BrokerClient
  readonly #forgetClient: () => void
  #info: LeasedServerInfo
  #connections: ServerConnections | undefined
  #watch: Socket | undefined
  #isDown = false
  /** A request broke off, which can be heard of before the watching connection's end. */
  #mayBeDown = false
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
    this.#touched = info.used
    this.marks = new LogMarks(this.log.offset)
    this.#watchOver()
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
    this.#connections ??= new ServerConnections(this.#info.address)
    try {
      return await send(this.#connections)
    } catch (error) {
      if (error instanceof ConnectionError) this.#mayBeDown = true
      throw error
    }
  }

  /**
   * Before a test: the server runs, fresh if the test is to have it so. Resolves to the error of a server that died where
   * no test was running, in a `beforeAll` for instance.
   */
  async beginTest(isolation: Isolation): Promise<ServerExitedError | undefined> {
    const crash = this.#isReported ? undefined : await this.crash('before this test', this.marks.earliest)
    const isGone = this.#isDown || this.#askedFor
    if (isGone || (this.#touched && isolation !== 'none')) {
      if (isolation === 'process') await this.renew()
      else if (isGone) await this.ensure()
      else await this.restart(true)
      // What a server logs of its start is not the test's.
      this.marks.moveTo(this.log.offset)
    }
    this.#touched = true
    return crash
  }

  /**
   * The error of a server that has died without being asked to, or is about to.
   *
   * @param when ends its message
   * @param suspect something has failed that a dying server would explain
   */
  async crash(when: string, logSince: number, suspect = false): Promise<ServerExitedError | undefined> {
    // The end of the watching connection is in this process's hands by now, but may not have been looked at.
    await new Promise<void>(resolve => nextTurn(resolve))
    if (this.#askedFor) return undefined
    const isEnding = suspect && !this.#isDown && (await refusesConnections(this.#info.address.binary))
    if (!(this.#isDown || this.#mayBeDown || isEnding)) return undefined
    this.#mayBeDown = false
    const crash = await this.#client.request('crash', { server: this.name })
    if (!crash) {
      if (this.#isDown) this.#watchOver()
      return undefined
    }
    this.#isDown = true
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

  async restart(recreate: boolean): Promise<void> {
    this.#goingDown()
    await this.#changed(this.#client.request('restart', { server: this.name, recreate }))
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
    if (signal === 'SIGCONT') this.#askedFor = this.#isDown
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
    this.#disconnect()
    this.#watch?.destroy()
  }

  #goingDown(): void {
    this.#askedFor = true
    this.#disconnect()
  }

  async #changed(request: Promise<LeasedServerInfo>): Promise<void> {
    this.#info = await request
    this.#disconnect()
    this.#askedFor = false
    this.#mayBeDown = false
    this.#isReported = false
    this.#watchOver()
  }

  #disconnect(): void {
    this.#connections?.close()
    this.#connections = undefined
  }

  #watchOver(): void {
    this.#watch?.destroy()
    this.#isDown = false
    const watch = connect(this.#info.address.console)
    watch.unref()
    watch.resume()
    watch.on('error', () => {})
    watch.on('close', () => {
      if (watch === this.#watch) this.#isDown = true
    })
    this.#watch = watch
  }
}
