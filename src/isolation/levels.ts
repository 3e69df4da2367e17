import type { Scope } from './scope.ts'
import type { AgentReply, Entry, ServerControl } from './server.ts'

/** What outlives a test: what the file (the lowest level) or a suite changed outside its tests. */
interface Level {
  /** Undefined for the file. */
  readonly suite: Scope | undefined
  changed: boolean
  /** Why its changes are gone. */
  lost?: string | undefined
  /** Of all data, as its tests find them. */
  digest?: string | undefined
}

// A depth that no stack of levels has: a level opened there is above all others, and undoes none of them.
const aboveAll = 1e6

/**
 * What of a server's changes belongs to the file, to its suites and to the test that runs: levels on each other, of which
 * the server records the changes. A new process knows the lowest only, which then stands for several.
 */
export class Levels {
  readonly #control: Pick<ServerControl, 'facts' | 'ask' | 'replace'>
  #levels: Level[] = [{ suite: undefined, changed: false }]
  /** The level on top of these is that of a test, or of what comes after it. */
  #above = false
  /** What is in that level is there for all that comes after it. */
  #stays = false
  /** For which level the lowest in the process stands. Below 0 where others of the process are lower than the file's. */
  #base = 0
  #generation: number
  /** The process's lowest level begins at the end of the application's Lua. */
  #fromBaseline: boolean
  #why = ''

  constructor(control: Pick<ServerControl, 'facts' | 'ask' | 'replace'>) {
    this.#control = control
    this.#generation = control.facts().generation
    this.#fromBaseline = control.facts().beganEmpty
  }

  /** Why changes are gone that the tests of the innermost suite should find. */
  get lost(): string | undefined {
    return this.#levels.find(({ lost }) => lost)?.lost
  }

  /** Whether the file or one of its suites has changed anything, as far as was seen when a test began. */
  get hooksChanged(): boolean {
    return this.#levels.some(({ changed }) => changed)
  }

  /** What tests do is apart from what the hooks around them did. */
  get isTestOpen(): boolean {
    return this.#above
  }

  /** Back to the end of the application's Lua. */
  async toBaseline(): Promise<void> {
    await this.#move('rewind', -1)
  }

  /** A suite begins: what its hooks do from here on is its own. */
  async enterSuite(suites: readonly Scope[]): Promise<void> {
    this.#keepTests()
    await this.#align(suites.slice(0, -1))
    await this.#move('enter', suites.length - 1)
    this.#levels.push({ suite: suites.at(-1), changed: false })
    this.#above = false
  }

  /** It has ended, after its last hook. */
  async leaveSuite(suites: readonly Scope[]): Promise<void> {
    this.#keepTests()
    await this.#align(suites.slice(0, -1))
    await this.undoTests()
  }

  /**
   * A test begins that is to find nothing of other tests.
   *
   * @param entry `'enter_if_touched'`: only if anybody but the fixture was there, or anything was recorded
   */
  async enterTest(suites: readonly Scope[], entry: Entry = 'enter'): Promise<void> {
    this.#keepTests()
    await this.#align(suites)
    await this.undoTests(entry)
  }

  /**
   * A test begins that shares the server with others: what they do is theirs, and not the file's or the suite's.
   *
   * @param stays it is there for all that comes after them, unless it is undone by hand
   */
  async joinTests(suites: readonly Scope[], stays = false): Promise<void> {
    if (!stays) this.#keepTests()
    await this.#align(suites)
    if (!this.#above) await this.#openTop()
    this.#stays = stays
  }

  /** Back to how a test of the innermost suite begins. */
  async undoTests(entry: Entry = 'enter'): Promise<void> {
    const stays = this.#stays
    await this.#move(entry, this.#levels.length - 1)
    this.#stays = stays
  }

  /** Back to what was before the hooks of the innermost suite, or before the file. */
  async undoHooks(): Promise<void> {
    const { suite } = this.#levels.at(-1) ?? {}
    const depth = this.#levels.length - 2
    await this.#move('enter', depth)
    if (depth >= 0) this.#levels.push({ suite, changed: false })
    this.#above = false
  }

  /** The digest of all data as the tests of the innermost suite find them. To be asked for when they do. */
  async digest(): Promise<string | undefined> {
    const top = this.#levels.at(-1)
    if (top) top.digest ??= await this.currentDigest()
    return top?.digest
  }

  async currentDigest(): Promise<string | undefined> {
    return (await this.#control.ask('digest', 0)).digest
  }

  /**
   * Another process may have taken the server's place.
   *
   * @param died nobody asked for it
   */
  noticeProcess(why: string, died = false): void {
    const { generation, beganEmpty } = this.#control.facts()
    if (generation === this.#generation) return
    const top = this.#levels.at(-1)
    this.#settle(this.#above ? this.#levels.length : this.#levels.length - 1)
    this.#why = why
    if (this.#above || !top) return
    // Hooks did it, or it happened to them.
    if (died) this.#lose(why)
    top.changed = !beganEmpty
  }

  /** What is known of the innermost suite: that hooks of the user's have run in it. */
  hooksRan(): void {
    const top = this.#levels.at(-1)
    if (top && !this.#above) top.changed = true
  }

  /** Another process takes the place of one that cannot be brought back. */
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
      : await this.#control.ask(operation, isBelow || depth < 0 ? -1 : depth - this.#base)
    this.#levels.length = Math.max(1, depth + 1)
    if (depth < 0) this.#levels = [{ suite: undefined, changed: false }]
    this.#above = operation !== 'rewind' && depth >= 0
    this.#stays = false
    if (reply.lost !== undefined) return await this.#replace(depth, reply.lost)
    if (isBelow) this.#lose(this.#why)
    if (isBelow || depth < 0) this.#base = Math.max(0, this.#above ? depth + 1 : depth)
    this.#note(reply)
  }

  // Whatever levels the process has: an earlier file may have left some, where nothing between files is undone.
  async #openTop(): Promise<void> {
    this.noticeProcess('it was stopped, killed or restarted')
    const reply = await this.#control.ask('enter', aboveAll)
    if (reply.lost !== undefined) return await this.replace(reply.lost)
    // A replica, which has its master's data, has none.
    if (reply.kept?.length) this.#base = this.#levels.length - reply.kept.length
    this.#above = true
    this.#note(reply)
  }

  // From here on it belongs to what the file, or the innermost suite, has changed.
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

  /** Leaves the suites that have ended, whatever became of their ends, and makes up for those whose begin went unseen. */
  async #align(suites: readonly Scope[]): Promise<void> {
    let depth = 0
    while (depth < suites.length && this.#levels[depth + 1]?.suite === suites[depth]) depth++
    if (this.#levels.length > depth + 1) this.#above = true
    this.#levels.length = depth + 1
    for (const suite of suites.slice(depth)) {
      // A server that was leased late has one level only, which is the innermost suite's.
      if (!this.#above && this.#base === this.#levels.length - 1) this.#base++
      else await this.#move('enter', this.#levels.length - 1)
      this.#levels.push({ suite, changed: false })
      this.#above = false
    }
  }
}
