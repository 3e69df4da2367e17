import { type Level, loseChanges, newFile, noteKept, type Top } from './level.ts'
import type { Scope } from './scope.ts'
import type { AgentReply, Entry, ServerControl } from './server.ts'

// A number above the number of levels that a process has. Keeping them all opens a level on top.
const all = 1e6

/**
 * Assigns a server's changes to the file, to its suites or to the running test. Each of these has a level, stacked on
 * the previous level, and the server records the changes of each level. A new process knows only its lowest level,
 * which may stand for several levels here.
 */
export class Levels {
  readonly #control: Pick<ServerControl, 'facts' | 'ask' | 'replace'>
  /** The levels of the file and of its suites. The level of tests is not among them: see `#top`. */
  #levels: Level[] = [newFile()]
  #top: Top = 'hooks'
  /** Counts the undos. */
  #undone = 0
  #generation: number
  /** The process's lowest level begins after the application's Lua has run. */
  #fromBaseline: boolean
  /** The reason why the process has been replaced. */
  #why = ''

  constructor(control: Pick<ServerControl, 'facts' | 'ask' | 'replace'>) {
    this.#control = control
    this.#generation = control.facts().generation
    this.#fromBaseline = control.facts().beganEmpty
  }

  /** The reason why the changes are lost that the tests of the innermost suite expect. */
  get lost(): string | undefined {
    return this.#levels.find(({ lost }) => lost)?.lost
  }

  /** True if the file or one of its suites has changed anything. Known from the beginnings of tests. */
  get hooksChanged(): boolean {
    return this.#levels.some(({ changed }) => changed)
  }

  /** True if the changes of tests are kept apart from the changes of the hooks around them. */
  get isTestOpen(): boolean {
    return this.#top !== 'hooks'
  }

  // ---- A file, a suite or a test begins or ends ----

  /** Goes back to the baseline: the end of the application's Lua. */
  async toBaseline(): Promise<void> {
    await this.#goBack(0, 'rewind')
  }

  /** The file begins on a server with the changes of earlier files, which stay. */
  async joinEarlierFiles(): Promise<void> {
    await this.#openTests()
    this.#keepTests()
  }

  /** A suite begins. From here on, the changes of its hooks belong to the suite. */
  async enterSuite(suites: readonly Scope[]): Promise<void> {
    this.#keepStayingTests()
    await this.#align(suites.slice(0, -1))
    await this.undoTests()
    this.#beginSuite(suites.at(-1))
  }

  /** A suite has ended, after its last hook. */
  async leaveSuite(suites: readonly Scope[]): Promise<void> {
    this.#keepStayingTests()
    await this.#align(suites.slice(0, -1))
    await this.undoTests()
  }

  /**
   * A test begins that must not find changes of other tests.
   *
   * @param entry `'enter_if_dirty'`: undoes changes only if other clients were connected or any change was recorded
   */
  async enterTest(suites: readonly Scope[], entry: Entry = 'enter'): Promise<void> {
    this.#keepStayingTests()
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
    if (!stays) this.#keepStayingTests()
    const known = this.#levels.length
    await this.#align(suites)
    // The end of a suite was not reported, because its last test had ended the server. A cluster still has its data.
    if (this.#levels.length < known) await this.undoTests()
    if (this.#top === 'hooks') await this.#openTests()
    this.#top = stays ? 'staying tests' : 'tests'
  }

  /** Goes back to the state in which a test of the innermost suite begins. */
  async undoTests(entry: Entry = 'enter'): Promise<void> {
    const top = this.#top
    await this.#goBack(this.#levels.length, entry)
    if (top === 'staying tests') this.#top = top
  }

  /** Goes back to the state before the hooks of the innermost suite, or before the file. */
  async undoHooks(): Promise<void> {
    const { suite } = this.#innermost
    await this.#goBack(this.#levels.length - 1, 'enter')
    if (suite) this.#beginSuite(suite)
  }

  // ---- Records of changes ----

  /**
   * The number of levels below the changes that `reset()` would undo here. Undefined if the process has not recorded
   * all of them.
   */
  get unchanged(): number | undefined {
    const keep = (this.#top === 'hooks' ? this.#levels.at(-2) : this.#innermost)?.keep ?? 0
    const isKnown = this.#control.facts().generation === this.#generation && (keep > 0 || this.#fromBaseline)
    return isKnown ? keep : undefined
  }

  /** Differs if levels were undone meanwhile, or another process is the server. */
  get era(): string {
    return `${this.#control.facts().generation} ${this.#undone}`
  }

  /** Opens a level on top. Its changes belong to the file, to the suite or to the test, as they would without it. */
  async nest(): Promise<AgentReply> {
    this.noticeProcess('it was stopped, killed or restarted')
    const reply = await this.#control.ask('nest')
    if (this.#top === 'hooks' && reply.lost === undefined) this.#innermost.keep++
    return reply
  }

  // ---- The state of all data, for `strict` ----

  /** The digest of all data before a test of the innermost suite. Call this only in that state. */
  async digest(): Promise<string | undefined> {
    const level = this.#innermost
    level.digest ??= await this.currentDigest()
    return level.digest
  }

  async currentDigest(): Promise<string | undefined> {
    return (await this.#control.ask('digest')).digest
  }

  // ---- Another process ----

  /**
   * Checks whether another process has replaced the server's process.
   *
   * @param died the process ended although nobody asked for that
   */
  noticeProcess(why: string, died = false): void {
    const { generation, beganEmpty } = this.#control.facts()
    if (generation === this.#generation) return
    this.#why = why
    this.#beginProcess()
    if (this.#top !== 'hooks') return
    // A hook replaced the process, or the process died during a hook.
    if (died) loseChanges(this.#levels, why)
    this.#innermost.changed = !beganEmpty
  }

  /** Notes that the process has ended for good which had the changes of the file and its suites. */
  lose(why: string): void {
    loseChanges(this.#levels, why)
  }

  /** Notes that the user's hooks have run in the innermost suite. */
  hooksRan(): void {
    if (this.#top === 'hooks') this.#innermost.changed = true
  }

  /** Replaces a process that cannot be reset. */
  async replace(why: string): Promise<void> {
    await this.#replace(why, this.#top === 'hooks' ? 'tests' : this.#top)
  }

  async #replace(why: string, top: Top): Promise<void> {
    await this.#control.replace('start')
    loseChanges(this.#levels, why)
    this.#top = top
    this.#beginProcess()
  }

  // The lowest level of a new process stands for the top, and for all levels below.
  #beginProcess(): void {
    const { generation, beganEmpty } = this.#control.facts()
    this.#generation = generation
    this.#fromBaseline = beganEmpty
    for (const level of this.#levels) level.keep = 0
    if (this.#top === 'hooks') this.#innermost.keep = 1
  }

  // ---- Levels ----

  get #innermost(): Level {
    // The file's level always exists.
    return this.#levels.at(-1) as Level
  }

  /**
   * Goes back to the state in which tests of a level begin, and opens a level for tests.
   *
   * @param count the number of levels that remain. 0: goes back to the baseline, and begins the file anew
   */
  async #goBack(count: number, operation: Entry | 'rewind'): Promise<void> {
    this.noticeProcess('it was stopped, killed or restarted')
    this.#undone++
    const keep = this.#levels[count - 1]?.keep ?? 0
    const isKnown = keep > 0
    const reply: AgentReply =
      isKnown || this.#fromBaseline ? await this.#control.ask(operation, keep) : { lost: this.#why }
    this.#levels = count > 0 ? this.#levels.slice(0, count) : [newFile()]
    this.#top = count > 0 ? 'tests' : 'hooks'
    if (reply.lost !== undefined) return await this.#replace(reply.lost, this.#top)
    if (!isKnown) loseChanges(this.#levels, this.#why)
    this.#note(reply)
  }

  // An earlier file whose changes were not undone may have left levels that this file does not know.
  async #openTests(): Promise<void> {
    this.noticeProcess('it was stopped, killed or restarted')
    const reply = await this.#control.ask('enter', all)
    if (reply.lost !== undefined) return await this.replace(reply.lost)
    // A replica has its master's data and no levels of its own.
    if (reply.kept?.length) this.#innermost.keep = reply.kept.length
    this.#top = 'tests'
    this.#note(reply)
  }

  #keepStayingTests(): void {
    if (this.#top === 'staying tests') this.#keepTests()
  }

  // From here on, the tests' changes count as changes of the file or of the innermost suite.
  #keepTests(): void {
    this.#innermost.keep++
    this.#top = 'hooks'
  }

  // The level that is open for tests becomes the suite's.
  #beginSuite(suite: Scope | undefined): void {
    this.#levels.push({ suite, keep: this.#innermost.keep + 1, changed: false })
    this.#top = 'hooks'
  }

  /**
   * Leaves suites that have ended, even if their end was not reported. Enters suites whose beginning was not reported.
   */
  async #align(suites: readonly Scope[]): Promise<void> {
    let known = 0
    while (known < suites.length && this.#levels[known + 1]?.suite === suites[known]) known++
    if (this.#levels.length > known + 1 && this.#top === 'hooks') this.#top = 'tests'
    this.#levels.length = known + 1
    for (const suite of suites.slice(known)) {
      // A server that was leased late has only one level, which represents the innermost suite.
      if (this.#top === 'hooks' && this.#innermost.keep === 1) this.#innermost.keep = 0
      else await this.undoTests()
      this.#beginSuite(suite)
    }
  }

  #note({ kept = [] }: AgentReply): void {
    noteKept(this.#levels, kept, !this.#fromBaseline)
  }
}
