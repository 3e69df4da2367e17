import type { BrokerClient } from '../broker/client.ts'
import type { FailedServer } from '../broker/failed-server.ts'
import type { LeasedServerInfo } from '../broker/leased-info.ts'
import type { BrokerRequests } from '../broker/messages.ts'
import type { ErrorDetails } from '../errors.ts'
import { IsolatedServer } from '../isolation/isolated-server.ts'
import type { Demand } from '../isolation/scope.ts'
import type { AgentOperation, AgentReply, Death, Replacement, ServerControl } from '../isolation/server.ts'
import { loadModule } from '../load-module.ts'
import type { LogFile } from '../log/log-file.ts'
import { sizeOfLog } from '../log/log-size.ts'
import type { ServerConnections } from '../protocol/connections.ts'
import { loadProtocols } from '../protocol/load-protocols.ts'
import type { FaultRecord } from './fault-record.ts'
import { LogMarks } from './log-marks.ts'
import type { ServerNotes } from './server-notes.ts'
import { WorkerConnections } from './worker-connections.ts'

/** The requests that concern a whole cluster, or the links. */
type ClusterRequest =
  | 'leader'
  | 'waitForLeader'
  | 'waitForFullMesh'
  | 'waitForVclock'
  | 'addReplica'
  | 'remove'
  | 'reload'
  | 'set'
  | 'fault'

/** A worker's side of a lease: its connections to the server and to the broker that owns the server. */
export class LeasedServer {
  readonly name: string
  /** The places in the log where the lease and the running tests began. */
  readonly marks: LogMarks
  /** Brings the server into the state that tests and hooks expect. */
  readonly isolated: IsolatedServer
  /** The other instances of a cluster, by name. Empty for a single server. */
  readonly members: Map<string, LeasedServer> = new Map()
  /** The latest leader of a replica set that is known. */
  leader: string | undefined
  /** Set in a run that makes a report. */
  notes: ServerNotes<LeasedServer> | undefined
  /** Set once the file has made a fault of a link. */
  faults: FaultRecord | undefined
  /** Set for another instance of a cluster: the server that is the cluster. */
  readonly face: LeasedServer | undefined
  /** The names of the server for the broker. */
  readonly #target: { readonly server: string; readonly member?: string }
  readonly #client: BrokerClient
  readonly #forgetClient: () => void
  readonly #connections: WorkerConnections
  #info: LeasedServerInfo
  #toldUse = false

  constructor(client: BrokerClient, info: LeasedServerInfo, face?: LeasedServer) {
    this.name = info.name
    this.face = face
    this.#client = client
    this.#info = info
    const { memberOf } = info
    this.#target = memberOf === undefined ? { server: info.name } : { server: memberOf, member: info.name }
    this.#learn(info)
    this.#connections = new WorkerConnections(info, {
      brokeOff: () => this.isolated.watch.notice('broke-off'),
      ended: () => this.isolated.watch.notice('ended'),
    })
    this.marks = new LogMarks(this.logSize)
    this.isolated = new IsolatedServer(this.#control())
    // In a vm pool, nothing else closes the connections that a file's context leaves open.
    this.#forgetClient = client.onClose(() => this.close())
  }

  get info(): LeasedServerInfo {
    return this.#info
  }

  /** The member for which the handle of a replica set stands; else the server itself. */
  get lead(): LeasedServer {
    return this.members.get(this.leader ?? '') ?? this
  }

  /** The current size of the server's log, in bytes. */
  get logSize(): number {
    return sizeOfLog(this.#info.logFile)
  }

  async log(): Promise<LogFile> {
    const { LogFile } = await loadModule(() => import('../log/log-file.ts'))
    return new LogFile(this.#info.logFile)
  }

  /** A test or a hook is about to use the server. */
  noteUse(): void {
    this.isolated.noteUse()
    if (this.#toldUse) return
    this.#toldUse = true
    // Errors are ignored: if the broker has ended, nobody needs this information.
    this.#client.request('use', { server: this.#target.server }).catch(() => {})
  }

  /** Sends a request to the server itself. */
  async request<Result>(send: (connections: ServerConnections) => Promise<Result>): Promise<Result> {
    try {
      return await this.#connections.request(send)
    } catch (error) {
      const { explainFailure } = await loadModule(() => import('./request-failure.ts'))
      throw await explainFailure(error, this)
    }
  }

  /** Called before a test. See `IsolatedServer`. */
  async beginTest(attempt: object, demand: Demand): Promise<Error | undefined> {
    const { generation } = this.#info
    const error = await this.isolated.beginTest(attempt, demand)
    // The log of a new process begins with its start, which is not part of the test.
    if (this.#info.generation !== generation) this.marks.moveTo(this.logSize)
    return error
  }

  async start(recreate: boolean): Promise<void> {
    await this.#become(this.#client.request('start', { ...this.#target, recreate }), { empty: recreate })
  }

  async restart(recreate: boolean, record = false): Promise<void> {
    this.#goingDown()
    await this.#become(this.#client.request('restart', { ...this.#target, recreate, record }), { empty: recreate })
  }

  async stop(): Promise<void> {
    this.#goingDown()
    await this.#client.request('stop', this.#target)
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    if (signal === 'SIGCONT') {
      if (this.#connections.isWatching) this.isolated.watch.notice('resumed')
    } else if (signal === 'SIGSTOP') this.isolated.watch.notice('paused')
    // A frozen server keeps its connections. The test wanted the effect of any other signal.
    else this.#goingDown()
    await this.#client.request('signal', { ...this.#target, signal })
  }

  /** Sends a request that concerns the whole cluster, or the links. */
  async ofCluster<Name extends ClusterRequest>(
    name: Name,
    params: Omit<BrokerRequests[Name]['params'], 'server'>,
  ): Promise<BrokerRequests[Name]['result']> {
    return await this.#client.request(name, { ...params, server: this.name } as BrokerRequests[Name]['params'])
  }

  /** The changes that the server itself has recorded. */
  async changes(keep: number, limit: number): Promise<AgentReply> {
    return await this.#connections.ask('changes', keep, limit)
  }

  /** Names the test that has the server from now on, if the run prints the log as it comes. */
  async atTest(test?: string): Promise<void> {
    await this.#client.request('atTest', { server: this.#target.server, test })
  }

  /** Reports a failed test. The main process may give the address to another process: see `adopt`. */
  async testFailed(test: string | undefined, isNeeded?: boolean): Promise<FailedServer> {
    return await this.#client.request('failed', { server: this.#target.server, test, isNeeded })
  }

  /** Closes the connections. The broker ends the lease itself. */
  close(): void {
    for (const member of this.members.values()) member.close()
    this.#forgetClient()
    this.#connections.close()
  }

  #control(): ServerControl {
    return {
      facts: () => this.#info,
      ask: async (operation, keep = 0, limit = undefined) => {
        const ask = (): Promise<AgentReply> =>
          this.#info.cluster ? this.#askCluster(operation, keep) : this.#connections.ask(operation, keep, limit)
        const asked = this.#info.isTraced ? this.#traced(operation, ask) : ask()
        return await (this.notes?.measure(operation, asked) ?? asked)
      },
      replace: async by => await this.#replace(by),
      stepAside: async by => await this.#change('stepAside', { spare: by === 'spare' }),
      comeBack: async () => await this.#change('comeBack', {}),
      kill: async () => await this.signal('SIGKILL'),
      findDeath: async suspected => await this.#findDeath(suspected),
      describe: async logSince => await this.#describe(logSince),
    }
  }

  async #askCluster(operation: AgentOperation, keep: number): Promise<AgentReply> {
    const { info, ...reply } = await this.#client.request('isolate', { server: this.name, operation, keep })
    if (info) this.adopt(info, false)
    return reply
  }

  async #traced(operation: AgentOperation, ask: () => Promise<AgentReply>): Promise<AgentReply> {
    const { tracedRequest } = await loadModule(() => import('./traced-request.ts'))
    return await tracedRequest(operation, ask, step => {
      this.#client.request('trace', { server: this.#target.server, step }).catch(() => {})
    })
  }

  async #replace(by: Replacement): Promise<void> {
    if (this.#info.cluster) return await this.#replaceCluster(by)
    if (by === 'start' || by === 'record') return await this.restart(true, by === 'record')
    if (by === 'spare') this.#goingDown()
    await this.#become(this.#client.request(by === 'spare' ? 'renew' : 'ensure', this.#target))
  }

  // All instances are replaced together. A test that only restarts this instance uses other requests.
  async #replaceCluster(by: Replacement): Promise<void> {
    for (const server of [this, ...this.members.values()]) server.#goingDown()
    const { generation } = this.#info
    const info = await this.#client.request(by === 'if-gone' ? 'ensure' : 'renew', this.#target)
    this.adopt(info, info.generation !== generation)
  }

  async #change(method: 'stepAside' | 'comeBack', params: { spare?: boolean }): Promise<void> {
    if (this.#info.cluster) return await this.#replaceCluster('start')
    this.#goingDown()
    await this.#become(this.#client.request(method, { ...this.#target, ...params } as never))
  }

  async #findDeath(suspected: boolean): Promise<Death | undefined> {
    const hasEnded = async (): Promise<boolean> => {
      const { refusesConnections } = await loadProtocols()
      return await refusesConnections(this.#info.address)
    }
    if (suspected && !(await hasEnded())) return undefined
    const death = await this.#client.request('crash', this.#target)
    if (!death && !this.#connections.isWatching) this.#connections.watchAgain()
    return death ?? undefined
  }

  async #describe(logSince = this.marks.earliest): Promise<ErrorDetails & { instance: string }> {
    const { shownLines, tailOf } = await loadModule(() => import('../log/tail.ts'))
    return {
      instance: this.#info.fingerprint,
      logTail: tailOf(this.#info.logFile, logSince, shownLines),
      logFile: this.#info.logFile,
    }
  }

  #goingDown(): void {
    this.isolated.watch.notice('taken-down')
    this.#connections.endRequests()
  }

  async #become(request: Promise<LeasedServerInfo>, { empty = false } = {}): Promise<void> {
    this.adopt(await request, empty)
  }

  /** The replica set has other members now. */
  learn(info: LeasedServerInfo): void {
    // The member was removed that this server was.
    if (info.pid !== this.#info.pid) this.adopt(info, false)
    else this.#learn(info)
  }

  #learn(info: LeasedServerInfo, empty = false): void {
    this.#info = info
    this.leader = info.cluster?.leader
    const infos = info.cluster?.members ?? []
    for (const [name, member] of this.members) {
      if (infos.some(other => other.name === name)) continue
      this.members.delete(name)
      member.close()
    }
    for (const memberInfo of infos) {
      const member = this.members.get(memberInfo.name)
      // An instance that runs on keeps its connections.
      const isKnown = member?.info.pid === memberInfo.pid && !member.isolated.watch.isGone
      if (!member) this.members.set(memberInfo.name, new LeasedServer(this.#client, memberInfo, this))
      else if (!isKnown && memberInfo.pid !== 0) member.adopt(memberInfo, empty)
    }
  }

  /** Another process is the server now. */
  adopt(info: LeasedServerInfo, empty: boolean): void {
    this.#learn(info, empty)
    this.#connections.connectTo(info)
    this.isolated.watch.notice('runs')
    if (empty) this.marks.moveTo(0)
  }
}
