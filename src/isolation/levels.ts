import type { Scope } from './scope.ts'
import type { AgentReply, Entry, ServerControl } from './server.ts'

/** Changes that outlive a test: those that the file (the lowest level) or a suite made outside its tests. */
interface Level {
  /** Undefined for the file. */
  readonly suite: Scope | undefined
  changed: boolean
  /** Why the changes are lost. */
  lost?: string | undefined
  /** The digest of all data before each test of this level. */
  digest?: string | undefined
}

// A depth above every real level. Opening a level there undoes no other level.
const aboveAll = 1e6

/**
 * Assigns a server's changes to the file, to its suites or to the running test. Each of these is a level, stacked on
 * the one before, and the server records the changes of each level. A new process knows only its lowest level, which
 * may then stand for several levels here.
 */
export class Levels {
  readonly #control: Pick<ServerControl, 'facts' | 'ask' | 'replace'>
  #levels: Level[] = [{ suite: undefined, changed: false }]
  /** The top level in the process holds the changes of a test, or changes made after a test. */
  #above = false
  /** The changes in the top level are kept for everything after it. */
  #stays = false
  /**
   * Index of the level that the process's level 0 represents. Negative if the process has levels below the file's
   * level.
   */
  #base = 0
  #generation: number
  /** The process's lowest level begins after the application's Lua has run. */
  #fromBaseline: boolean
  #why = ''

  constructor(control: Pick<ServerControl, 'facts' | 'ask' | 'replace'>) {
    this.#control = control
    this.#generation = control.facts().generation
    this.#fromBaseline = control.facts().beganEmpty
  }

  /** Why the changes are lost that the tests of the innermost suite expect. */
  get lost(): string | undefined {
    return this.#levels.find(({ lost }) => lost)?.lost
  }

  /** Whether the file or one of its suites has changed anything. Known from the beginnings of tests. */
  get hooksChanged(): boolean {
    return this.#levels.some(({ changed }) => changed)
  }

  /** Whether the changes of tests are kept apart from the changes of the hooks around them. */
  get isTestOpen(): boolean {
    return this.#above
  }

  /** Goes back to the baseline: the end of the application's Lua. */
  async toBaseline(): Promise<void> {
    await this.#move('rewind', -1)
  }

  /** The file begins on a server with the changes of earlier files, which stay. */
  async joinEarlierFiles(): Promise<void> {
    await this.#openTop()
    this.#stays = true
    this.#keepTests()
  }

  /** A suite begins. From here on, the changes of its hooks belong to the suite. */
  async enterSuite(suites: readonly Scope[]): Promise<void> {
    this.#keepTests()
    await this.#align(suites.slice(0, -1))
    await this.#move('enter', suites.length - 1)
    this.#levels.push({ suite: suites.at(-1), changed: false })
    this.#above = false
  }

  /** A suite has ended, after its last hook. */
  async leaveSuite(suites: readonly Scope[]): Promise<void> {
    this.#keepTests()
    await this.#align(suites.slice(0, -1))
    await this.undoTests()
  }

  /**
   * A test begins that must not find changes of other tests.
   *
   * @param entry `'enter_if_touched'`: undoes changes only if other clients were connected or any change was recorded
   */
  async enterTest(suites: readonly Scope[], entry: Entry = 'enter'): Promise<void> {
    this.#keepTests()
    await this.#align(suites)
    await this.undoTests(entry)
  }

  /**
   * A test begins that shares the server with other tests. Changes of these tests do not belong to the file or to a
   * suite.
   *
   * @param stays keeps the changes for everything after these tests, unless `reset()` undoes them
   */
  async joinTests(suites: readonly Scope[], stays = false): Promise<void> {
    if (!stays) this.#keepTests()
    await this.#align(suites)
    if (!this.#above) await this.#openTop()
    this.#stays = stays
  }

  /** Goes back to the state in which a test of the innermost suite begins. */
  async undoTests(entry: Entry = 'enter'): Promise<void> {
    const stays = this.#stays
    await this.#move(entry, this.#levels.length - 1)
    this.#stays = stays
  }

  /** Goes back to the state before the hooks of the innermost suite, or before the file. */
  async undoHooks(): Promise<void> {
    const { suite } = this.#levels.at(-1) ?? {}
    const depth = this.#levels.length - 2
    await this.#move('enter', depth)
    if (depth >= 0) this.#levels.push({ suite, changed: false })
    this.#above = false
  }

  /** The digest of all data before a test of the innermost suite. Call this only in that state. */
  async digest(): Promise<string | undefined> {
    const top = this.#levels.at(-1)
    if (top) top.digest ??= await this.currentDigest()
    return top?.digest
  }

  async currentDigest(): Promise<string | undefined> {
    return (await this.#control.ask('digest')).digest
  }

  /**
   * Checks whether another process has replaced the server's process.
   *
   * @param died the process ended although nobody asked for that
   */
  noticeProcess(why: string, died = false): void {
    const { generation, beganEmpty } = this.#control.facts()
    if (generation === this.#generation) return
    const top = this.#levels.at(-1)
    this.#settle(this.#above ? this.#levels.length : this.#levels.length - 1)
    this.#why = why
    if (this.#above || !top) return
    // A hook replaced the process, or the process died during a hook.
    if (died) this.#lose(why)
    top.changed = !beganEmpty
  }

  /** Notes that the user's hooks have run in the innermost suite. */
  hooksRan(): void {
    const top = this.#levels.at(-1)
    if (top && !this.#above) top.changed = true
  }

  /** Replaces a process that cannot be reset. */
  async replace(why: string): Promise<void> {
    await this.#replace(this.#levels.length - 1, why)
    this.#above = true
  }

  async #move(operation: Entry | 'rewind', depth: number): Promise<void> {
    this.noticeProcess('it was stopped, killed or restarted')
    const isBelow = depth < this.#base
    const isLost = isBelow && !this.#fromBaseline
    const reply: AgentReply = isLost
      ? { lost: this.#why }
      : await this.#control.ask(operation, isBelow || depth < 0 ? 0 : depth - this.#base + 1)
    this.#levels.length = Math.max(1, depth + 1)
    if (depth < 0) this.#levels = [{ suite: undefined, changed: false }]
    this.#above = operation !== 'rewind' && depth >= 0
    this.#stays = false
    if (reply.lost !== undefined) return await this.#replace(depth, reply.lost)
    if (isBelow) this.#lose(this.#why)
    if (isBelow || depth < 0) this.#base = Math.max(0, this.#above ? depth + 1 : depth)
    this.#note(reply)
  }

  // The number of levels in the process does not matter here. An earlier file may have left levels, if its changes were
  // not undone.
  async #openTop(): Promise<void> {
    this.noticeProcess('it was stopped, killed or restarted')
    const reply = await this.#control.ask('enter', aboveAll)
    if (reply.lost !== undefined) return await this.replace(reply.lost)
    // A replica has its master's data and no levels of its own.
    if (reply.kept?.length) this.#base = this.#levels.length - reply.kept.length
    this.#above = true
    this.#note(reply)
  }

  // From here on, the tests' changes count as changes of the file or of the innermost suite.
  #keepTests(): void {
    if (!(this.#above && this.#stays)) return
    this.#base--
    this.#above = false
    this.#stays = false
  }

  #note({ kept = [] }: AgentReply): void {
    const changed = new Map<Level | undefined, boolean>()
    for (const [index, isChanged] of kept.entries()) {
      const level = this.#levels[Math.max(0, this.#base + index)]
      const wasBefore = index === 0 && !this.#fromBaseline
      changed.set(level, changed.get(level) === true || isChanged || wasBefore)
    }
    for (const [level, isChanged] of changed) if (level) level.changed = isChanged
  }

  async #replace(depth: number, why: string): Promise<void> {
    await this.#control.replace('start')
    this.#lose(why)
    this.#settle(Math.max(0, depth + 1))
    if (depth < 0) this.#base = 0
  }

  #settle(base: number): void {
    const { generation, beganEmpty } = this.#control.facts()
    this.#generation = generation
    this.#fromBaseline = beganEmpty
    this.#base = base
  }

  #lose(why: string): void {
    for (const level of this.#levels) {
      if (level.changed) level.lost ??= why
      level.changed = false
    }
  }

  /**
   * Leaves suites that have ended, even if their end was not reported. Enters suites whose beginning was not reported.
   */
  async #align(suites: readonly Scope[]): Promise<void> {
    let depth = 0
    while (depth < suites.length && this.#levels[depth + 1]?.suite === suites[depth]) depth++
    if (this.#levels.length > depth + 1) this.#above = true
    this.#levels.length = depth + 1
    for (const suite of suites.slice(depth)) {
      // A server that was leased late has only one level, which represents the innermost suite.
      if (!this.#above && this.#base === this.#levels.length - 1) this.#base++
      else await this.#move('enter', this.#levels.length - 1)
      this.#levels.push({ suite, changed: false })
      this.#above = false
    }
  }
}
