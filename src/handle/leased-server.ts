import { connect, type Socket } from 'node:net'
import type { BrokerClient } from '../broker/client.ts'
import type { LeasedServerInfo } from '../broker/messages.ts'
import { ServerExitedError } from '../errors.ts'
import { LogFile } from '../instance/log.ts'
import { ServerConnections } from '../protocol/connections.ts'

// Taken before a test can put fake timers in their place.
const { setImmediate: nextTurn } = globalThis

/**
 * A worker's side of a lease: what it knows of its server, and the connections that it talks to it with.
 *
 * It holds one idle connection to the console, whose end says at once that the server has died.
 */
export class LeasedServer {
  readonly name: string
  readonly #client: BrokerClient
  #info: LeasedServerInfo
  #connections: ServerConnections | undefined
  #watch: Socket | undefined
  #isDown = false
  /** The test took it down, or froze it: no crash. */
  #askedFor = false
  /** A test has had it since it was last made fresh. */
  #touched: boolean
  /** The size of the log when the current test began. */
  logStart = 0

  constructor(client: BrokerClient, info: LeasedServerInfo) {
    this.name = info.name
    this.#client = client
    this.#info = info
    this.#touched = info.used
    this.#watchOver()
  }

  get info(): LeasedServerInfo {
    return this.#info
  }

  get log(): LogFile {
    return new LogFile(this.#info.logFile)
  }

  get connections(): ServerConnections {
    this.#connections ??= new ServerConnections(this.#info.address)
    return this.#connections
  }

  /** Before a test: the server runs, fresh if the test is to have it so, and the log of the test begins. */
  async beginTest(isolation: 'none' | 'restart'): Promise<void> {
    if (this.#isDown || this.#askedFor) await this.ensure()
    else if (isolation === 'restart' && this.#touched) await this.restart(true)
    this.#touched = true
    this.logStart = this.log.offset
  }

  /** After a test: the error of a server that died under it. */
  async endTest(): Promise<ServerExitedError | undefined> {
    // The end of the watching connection is in this process's hands by now, but may not have been looked at.
    await new Promise<void>(resolve => nextTurn(resolve))
    if (!this.#isDown || this.#askedFor) return undefined
    const crash = await this.#client.request('crash', { server: this.name })
    if (!crash) {
      this.#watchOver()
      return undefined
    }
    const how = crash.signal ? `was killed by ${crash.signal}` : `exited with code ${crash.exitCode}`
    return new ServerExitedError(`${crash.fingerprint} ${how} during this test`, {
      instance: crash.fingerprint,
      exitCode: crash.exitCode,
      signal: crash.signal,
      logTail: crash.logTail,
      logFile: crash.logFile,
      hint: 'The next test gets a new server on the same address.',
    })
  }

  /** The last lines that the server logged during the current test. */
  async logOfTest(lines: number): Promise<string[]> {
    return (await this.log.lines({ since: this.logStart })).slice(-lines)
  }

  async ensure(): Promise<void> {
    await this.#changed(this.#client.request('ensure', { server: this.name }))
  }

  async start(recreate: boolean): Promise<void> {
    await this.#changed(this.#client.request('start', { server: this.name, recreate }))
  }

  async restart(recreate: boolean): Promise<void> {
    this.#goingDown()
    await this.#changed(this.#client.request('restart', { server: this.name, recreate }))
  }

  async stop(): Promise<void> {
    this.#goingDown()
    await this.#client.request('stop', { server: this.name })
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    if (signal === 'SIGCONT') this.#askedFor = this.#isDown
    // Whatever a signal does to the server, the test wanted it.
    else this.#goingDown()
    await this.#client.request('signal', { server: this.name, signal })
  }

  /** Tells that a test failed, where that makes a difference to what is kept. */
  async testFailed(): Promise<void> {
    if (this.#info.keepsOnFailure) await this.#client.request('failed', { server: this.name })
  }

  /** Closes the connections; the lease itself is the broker's to end. */
  close(): void {
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
    this.#touched = this.#info.used
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
