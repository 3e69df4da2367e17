import { ownProcess } from './level.ts'
import { Levels } from './levels.ts'
import { isByTest } from './life.ts'
import type { Demand } from './scope.ts'
import type { Replacement, ServerControl } from './server.ts'
import type { ServerWatch } from './server-watch.ts'
import { Steps } from './steps.ts'

/** Tracks which process has a server's address, and the known facts about the contents of that process. */
export class Processes {
  readonly steps: Steps
  readonly #control: ServerControl
  readonly #watch: ServerWatch
  #levels: Levels
  /** The levels of the process that stands aside while tests use other processes. */
  #asideLevels: Levels | undefined
  /** The process that hooks and other tests use has changes of a test that asked for a fresh one. */
  #isLent = false
  /** No test, no hook and no earlier file has used the process. A test that needs such a process may get it. */
  #isFresh: boolean

  constructor(control: ServerControl, watch: ServerWatch) {
    this.#control = control
    this.#watch = watch
    this.#levels = this.#newLevels()
    this.#isFresh = !control.facts().leasedBefore
    this.steps = new Steps(control, watch, why => this.#levels.replace(why))
  }

  /** The levels of the process that has the address. */
  get levels(): Levels {
    return this.#levels
  }

  /** The process with the changes of the file's hooks stands aside, and tests have processes of their own. */
  get isAside(): boolean {
    return this.#asideLevels !== undefined
  }

  /** Notes that a test or a hook uses the process. */
  noteUse(): void {
    this.#isFresh = false
  }

  /**
   * Replaces a process that a test stopped or that died.
   *
   * @returns true if a new process runs. False if the former process runs: it was frozen, or came back from standing
   *   aside because no other process started
   */
  async bringUp({ hooksRan, isolation }: Pick<Demand, 'hooksRan' | 'isolation'>): Promise<boolean> {
    if (!this.#watch.isGone) return false
    const { generation } = this.#control.facts()
    const died = !isByTest(this.#watch.life)
    await this.#replace(isolation === 'process' ? 'spare' : 'if-gone')
    if (died && hooksRan) this.#levels.hooksRan()
    this.#levels.noticeProcess(died ? 'it died' : 'it was stopped or killed', died)
    return this.#control.facts().generation !== generation
  }

  /** Gives a test a process that nobody has used. */
  async makeFresh(demand: Demand): Promise<void> {
    const { records, isolation } = this.#control.facts()
    const hooksChanged = await this.#hooksChanged(demand)
    // Nothing undoes the changes of this test. Other tests of the server find them in its process.
    const isShared = isolation === 'none' && !records && !this.isAside
    if (!isShared && !hooksChanged && this.#isFresh && !(await this.#isDirty())) {
      this.#isLent = !this.isAside
      return
    }
    const by = demand.isolation === 'process' ? 'spare' : 'start'
    // This process holds the changes that other tests expect, so it is kept.
    if ((records || isShared) && !this.isAside) await this.#stepAside(by)
    else await this.#replace(by)
    const why = `${ownProcess}'${demand.isolation}'`
    this.#levels.noticeProcess(why)
    // Processes that cannot stand aside are gone for good.
    if (!this.isAside) this.#levels.lose(why)
  }

  /** From here on the server records changes. A process can record only from its start, so this may start a new one. */
  async record(): Promise<void> {
    if (!this.#control.facts().records) await this.#replace('record')
  }

  /** Gives the address back to the process that stood aside. */
  async comeBack(): Promise<void> {
    if (!this.#asideLevels) return
    this.#levels = this.#asideLevels
    this.#asideLevels = undefined
    await this.#control.comeBack()
    this.#isFresh = false
    this.#levels.noticeProcess('it died', true)
  }

  /** Called after a test with its own process. Hooks and tests of other suites see no changes of that test. */
  async leaveFresh(): Promise<void> {
    await this.comeBack()
    const isToUndo = this.#isLent && this.#control.facts().records && !this.#watch.isGone
    this.#isLent = false
    if (isToUndo) await this.steps.take({ when: 'after this test' }, () => this.#levels.undoTests())
  }

  /** Undoes the changes of an earlier file. Replaces the process if that fails. */
  async undoEarlierFile(): Promise<void> {
    await this.steps.inTurn(async () => {
      try {
        await this.#levels.toBaseline()
      } catch {
        // Ignore the error: its cause lies in an earlier file, not in the one that begins.
        await this.#control.kill()
        await this.#levels.replace('it could not be brought back')
        await this.#levels.toBaseline()
      }
    })
  }

  /** Keeps the changes of earlier files. The changes of this file are recorded apart from them. */
  async joinEarlierFiles(): Promise<void> {
    await this.steps.inTurn(async () => {
      try {
        await this.#levels.joinEarlierFiles()
      } catch {
        // Ignore the error: a server that does not answer is replaced, and reported, when a test begins.
      }
    })
  }

  #newLevels(): Levels {
    return new Levels({ ...this.#control, replace: async by => await this.#replace(by) })
  }

  async #replace(by: Replacement): Promise<void> {
    const { generation } = this.#control.facts()
    await this.#control.replace(by)
    if (this.#control.facts().generation !== generation) this.#isFresh = true
  }

  async #stepAside(by: 'start' | 'spare'): Promise<void> {
    await this.#control.stepAside(by)
    this.#isFresh = true
    if (!this.#control.facts().aside) return
    this.#asideLevels = this.#levels
    this.#levels = this.#newLevels()
  }

  // Must be asked before another process replaces the server's process: the answer is lost with the old process.
  async #hooksChanged({ suites }: Demand): Promise<boolean> {
    if (!this.#control.facts().records) return false
    // A test's own process has no changes of hooks.
    if (this.isAside) return false
    await this.steps.take({ when: 'before this test' }, () => this.#levels.joinTests(suites))
    return this.#levels.hooksChanged
  }

  // Asks the server, since clients that only know the address use no handle.
  async #isDirty(): Promise<boolean> {
    const { dirty } = await this.steps.take({ when: 'before this test' }, () => this.#control.ask('dirty'))
    return dirty === true
  }
}
