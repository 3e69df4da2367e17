import { isDeepStrictEqual } from 'node:util'
import type { ServerOptions } from '../../src/config/server-options.ts'
import {
  InitScriptError,
  InvalidOptionError,
  ReplicationError,
  RequestTimeoutError,
  ServerExitedError,
} from '../../src/errors.ts'
import { luaLiteral } from '../../src/protocol/lua-literal.ts'
import type { FaultStep, MemberNumber, ProcessFault } from './fault-steps.ts'
import { differences, LeasedSet, type MemberState, patience } from './leased-set.ts'
import type { Tally } from './tally.ts'

/** A level of the data: the state of each member when it began, and the leader. */
interface Level {
  readonly members: ReadonlyMap<string, MemberState>
  readonly leader: string | undefined
}

/** The reset was not possible in place. */
export class Lost extends Error {}

/**
 * A replica set of three that runs programs with faults. It is used as a test's handle uses it: the faults of links of a
 * level end with that level, before the broker is asked to undo it.
 */
export class SetUnderFaults {
  readonly #set: LeasedSet
  readonly #tally: Tally
  readonly #isElected: boolean
  #levels: Level[] = []
  /** The tests and suites that faults of links belong to, by level. */
  #owners: object[] = []
  #paused = new Set<string>()
  #gone = new Set<string>()
  /** The number 0 of a step. */
  #leader = ''

  constructor(options: ServerOptions, tally: Tally) {
    this.#set = new LeasedSet(options)
    this.#tally = tally
    this.#isElected = options.failover === 'election'
  }

  async start(): Promise<void> {
    await this.#set.start()
  }

  async stop(): Promise<void> {
    await this.#set.stop()
  }

  /** Replaces all members, after a program that has failed. */
  async renew(): Promise<void> {
    this.#paused.clear()
    this.#gone.clear()
    await this.#set.renew()
  }

  /** @throws Lost; an error if a member is not as it was */
  async run(steps: readonly FaultStep[]): Promise<void> {
    // From 3.0 on, the first connection to a console sets a trigger.
    await this.#ask('rewind', 0)
    this.#levels = []
    this.#owners = [{}]
    await this.#remember(0)
    for (const step of steps) await this.#step(step)
    await this.#goBack('rewind', 0)
  }

  // ---- Steps ----

  async #step(step: FaultStep): Promise<void> {
    switch (step[0]) {
      case 'run':
        return await this.#operate(this.#name(step[1]), `require('property').apply(${luaLiteral(step[2])})`)
      case 'enter':
      case 'rewind':
        return await this.#goBack(step[0], step[1])
      case 'link': {
        const [, from, to, fault] = step
        // Too few members are left.
        if (this.#name(from) === this.#name(to)) return
        this.#tally.count(`links: ${fault.is}`)
        return await this.#set.faults.make(fault, [{ from: this.#name(from), to: this.#name(to) }], this.#owner)
      }
      case 'partition': {
        const alone = this.#name(step[1])
        const others = this.#set.names.filter(name => name !== alone)
        const places = others.flatMap(name => [
          { from: alone, to: name },
          { from: name, to: alone },
        ])
        this.#tally.count('partitions')
        return await this.#set.faults.make({ is: 'cut' }, places, this.#owner)
      }
      case 'heal':
        return await this.#heal()
      case 'add':
        return await this.#add()
      case 'remove':
        return await this.#remove(this.#name(step[1]))
      default:
        return await this.#disturb(step[0], this.#name(step[1]))
    }
  }

  async #heal(): Promise<void> {
    const { faulty } = this.#set.faults
    if (faulty.length > 0) await this.#set.faults.make({ is: 'sound' }, faulty, this.#owner)
  }

  // A request that waits for members which are out of reach would take its whole timeout.
  get #isComplete(): boolean {
    return this.#paused.size === 0 && this.#gone.size === 0 && this.#set.faults.faulty.length === 0
  }

  async #add(): Promise<void> {
    if (!this.#isComplete || this.#set.names.length > 4) return
    this.#tally.count('added members')
    await this.#set.cluster.addReplica({}).catch((error: unknown) => {
      // A test has dropped or renamed what the application needs, or has left no leader. And no new member can read some
      // indexes over fields that were made nullable later.
      const isKnown = [InitScriptError, ServerExitedError, ReplicationError].some(known => error instanceof known)
      if (!isKnown) throw error
      this.#tally.count('members that were not added')
    })
  }

  async #remove(name: string): Promise<void> {
    if (!this.#isComplete || this.#set.names.length < 3) return
    this.#tally.count('removed members')
    await this.#set.cluster.remove(name).catch((error: unknown) => {
      // It is the leader, or there is none.
      if (!(error instanceof InvalidOptionError || error instanceof ReplicationError)) throw error
      this.#tally.count('members that were not removed')
    })
    if (!this.#set.names.includes(this.#leader)) this.#leader = (await this.#set.leader()) ?? this.#set.names[0] ?? ''
  }

  async #disturb(fault: ProcessFault, name: string): Promise<void> {
    const member = this.#set.member(name)
    const [isPaused, isGone] = [this.#paused.has(name), this.#gone.has(name)]
    if (fault === 'lead') return await this.#lead(name)
    // As a test does: what is frozen is not asked to stop.
    if (isPaused && fault !== 'kill' && fault !== 'resume') return
    if (isGone && fault !== 'start') return
    this.#tally.count(fault)
    switch (fault) {
      case 'stop':
        await member.stop()
        this.#gone.add(name)
        break
      case 'kill':
        await member.signal('SIGKILL')
        this.#gone.add(name)
        this.#paused.delete(name)
        break
      case 'start':
        await this.#start(name, () => member.start(false))
        break
      case 'restart':
      case 'recreate':
        await this.#start(name, () => member.restart(fault === 'recreate'))
        break
      case 'pause':
        await member.signal('SIGSTOP')
        this.#paused.add(name)
        break
      case 'resume':
        await member.signal('SIGCONT')
        this.#paused.delete(name)
        break
    }
  }

  // The application needs spaces that a test may have dropped, and a member with an empty directory needs another one.
  async #start(name: string, start: () => Promise<unknown>): Promise<void> {
    this.#gone.delete(name)
    await start().catch((error: unknown) => {
      if (!(error instanceof InitScriptError || error instanceof ServerExitedError)) throw error
      this.#tally.count('failed starts')
      this.#gone.add(name)
    })
  }

  async #lead(name: string): Promise<void> {
    if (this.#isSilent(name)) return
    this.#tally.count('moved leaders')
    if (this.#isElected) return await this.#elect(name)
    for (const other of this.#set.names) if (other !== name) await this.#operate(other, 'box.cfg({ read_only = true })')
    await this.#operate(name, 'box.cfg({ read_only = false })')
    this.#leader = name
  }

  async #elect(name: string): Promise<void> {
    await this.#operate(name, 'pcall(box.ctl.promote)')
    const leader = await this.#set.cluster.waitForLeader({ timeout: patience }).catch(() => undefined)
    if (leader === name) this.#tally.count('elected leaders')
    this.#leader = leader ?? this.#leader
  }

  async #operate(name: string, lua: string): Promise<void> {
    if (this.#isSilent(name)) return
    await this.#set.command(name, lua).catch((error: unknown) => {
      if (!(error instanceof RequestTimeoutError)) throw error
      this.#tally.count('operations that waited')
    })
  }

  #isSilent(name: string): boolean {
    return this.#paused.has(name) || this.#gone.has(name)
  }

  // ---- Levels ----

  async #goBack(operation: 'enter' | 'rewind', keep: number): Promise<void> {
    const isUndone = keep < this.#owners.length
    for (const owner of this.#owners.slice(keep).reverse()) await this.#set.faults.undo(owner)
    const pids = new Map(this.#set.infos.map(({ name, pid }) => [name, pid]))
    const began = performance.now()
    await this.#ask(operation, keep)
    const replaced = this.#set.infos.filter(({ name, pid }) => pids.get(name) !== pid || this.#gone.has(name))
    this.#tally.count('resets')
    this.#tally.count('milliseconds of resets', performance.now() - began)
    if (replaced.length > 0) this.#tally.count('replaced members', replaced.length)
    this.#paused.clear()
    this.#gone.clear()
    if (isUndone) await this.#compare(operation, keep)
    this.#owners = this.#owners.slice(0, operation === 'enter' ? keep : Math.max(keep, 1))
    if (operation === 'enter' || keep === 0) this.#owners.push({})
    if (operation === 'enter') await this.#remember(keep)
  }

  async #ask(operation: 'enter' | 'rewind', keep: number): Promise<void> {
    const { lost } = await this.#set.cluster.ask(operation, keep)
    if (lost !== undefined) throw new Lost(lost)
  }

  async #remember(level: number): Promise<void> {
    const leader = await this.#set.leader()
    this.#leader = leader ?? this.#leader
    this.#levels = [...this.#levels.slice(0, level), { members: await this.#set.look(), leader }]
  }

  async #compare(operation: string, keep: number): Promise<void> {
    const level = this.#levels[keep]
    if (!level) throw new Error(`no level ${keep}`)
    const when = `after ${operation} ${keep}`
    const leader = await this.#set.leader()
    // Members that a suite has separated may elect another leader at any time.
    const isElecting = this.#isElected && this.#set.faults.faulty.length > 0
    if (leader !== level.leader && !isElecting)
      throw new Error(`${when}, '${leader}' leads instead of '${level.leader}'`)
    // A suite around the level may have separated members.
    if (this.#set.faults.faulty.length === 0) await this.#set.cluster.waitForFullMesh({ timeout: 5000 })
    for (const [name, now] of await this.#set.look()) {
      const before = level.members.get(name)
      const isReadOnly = isElecting && before ? before.isReadOnly : now.isReadOnly
      const found = before ? differences(before, { ...now, isReadOnly }) : ['no state before']
      if (found.length > 0) throw new Error(`${when}, '${name}' differs:\n${found.join('\n').slice(0, 4000)}`)
    }
    await this.#compareRows(when)
    if (keep === 0) await this.#use(when, leader)
  }

  async #compareRows(when: string): Promise<void> {
    const rows = await this.#set.onEach("return require('property').common_rows()")
    for (const [index, other] of rows.entries()) {
      if (!isDeepStrictEqual(other, rows[0])) throw new Error(`${when}, '${this.#set.names[index]}' has other rows`)
    }
  }

  async #use(when: string, leader: string | undefined): Promise<void> {
    for (const name of this.#set.names) {
      const [found] = await this.#set.command(name, `return require('property').use(${name === leader})`)
      if ((found as string[]).length > 0) throw new Error(`${when}, '${name}': ${(found as string[]).join('\n')}`)
    }
  }

  get #owner(): object {
    return this.#owners.at(-1) ?? this
  }

  #name(number: MemberNumber): string {
    const others = this.#set.names.filter(name => name !== this.#leader)
    return [this.#leader, ...others][number] ?? this.#leader
  }
}
