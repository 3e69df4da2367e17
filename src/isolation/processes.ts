import { Levels } from './levels.ts'
import type { Demand } from './scope.ts'
import type { Replacement, ServerControl } from './server.ts'
import type { ServerWatch } from './server-watch.ts'
import { Steps } from './steps.ts'

/** Which process has a server's address, and what is known of what that one holds. */
export class Processes {
  readonly steps: Steps
  readonly #control: ServerControl
  readonly #watch: ServerWatch
  #levels: Levels
  /** Those of the process that stands aside while tests have others. */
  #asideLevels: Levels | undefined
  /** A test, a hook or an earlier file had this process: who wants a fresh one has another. */
  #touched: boolean

  constructor(control: ServerControl, watch: ServerWatch) {
    this.#control = control
    this.#watch = watch
    this.#levels = this.#newLevels()
    this.#touched = control.facts().used
    this.steps = new Steps(control, watch, why => this.#levels.replace(why))
  }

  /** What of the changes in the process that has the address belongs to whom. */
  get levels(): Levels {
    return this.#levels
  }

  /** Tests have processes of their own, and the one that their file's hooks had stands aside. */
  get isAside(): boolean {
    return this.#asideLevels !== undefined
  }

  /** Somebody does something with it. */
  touch(): void {
    this.#touched = true
  }

  /** One that a test took down, or that died, is another one from here on. */
  async bringUp({ hooksRan, isolation }: Pick<Demand, 'hooksRan' | 'isolation'>): Promise<void> {
    if (!this.#watch.isGone) return
    const died = this.#watch.life.is !== 'stopped'
    await this.#replace(isolation === 'process' ? 'spare' : 'if-gone')
    if (died && hooksRan) this.#levels.hooksRan()
    this.#levels.noticeProcess(died ? 'it died' : 'it was stopped or killed', died)
  }

  /** Gives a test a process that nobody has had. */
  async makeFresh(demand: Demand): Promise<void> {
    const hooksChanged = await this.#hooksChanged(demand)
    if (!(hooksChanged || this.#touched || (await this.#wasTouched()))) return
    const by = demand.isolation === 'process' ? 'spare' : 'start'
    // What tests around it are to find is in there.
    if (this.#control.facts().records && !this.isAside) await this.#stepAside(by)
    else await this.#replace(by)
    this.#levels.noticeProcess(`a test had isolation '${demand.isolation}'`)
  }

  /** From here on it records what changes, which a new process has to do from its start. */
  async record(): Promise<void> {
    if (!this.#control.facts().records) await this.#replace('record')
  }

  /** Gives the address back to the process that stood aside. */
  async comeBack(): Promise<void> {
    if (!this.#asideLevels) return
    this.#levels = this.#asideLevels
    this.#asideLevels = undefined
    await this.#control.comeBack()
    this.#touched = true
    this.#levels.noticeProcess('it died', true)
  }

  /** What an earlier file has left is undone, or else the process is another one. */
  async undoEarlierFile(): Promise<void> {
    await this.steps.inTurn(async () => {
      try {
        await this.#levels.toBaseline()
      } catch {
        // Whatever it is, it is none of the file's that begins.
        await this.#control.kill()
        await this.#levels.replace('it could not be brought back')
        await this.#levels.toBaseline()
      }
    })
  }

  #newLevels(): Levels {
    return new Levels({ ...this.#control, replace: async by => await this.#replace(by) })
  }

  async #replace(by: Replacement): Promise<void> {
    const { generation } = this.#control.facts()
    await this.#control.replace(by)
    if (this.#control.facts().generation !== generation) this.#touched = false
  }

  async #stepAside(by: 'start' | 'spare'): Promise<void> {
    await this.#control.stepAside(by)
    this.#touched = false
    if (!this.#control.facts().aside) return
    this.#asideLevels = this.#levels
    this.#levels = this.#newLevels()
  }

  // To be asked before another process takes the server's place: afterwards nobody could tell.
  async #hooksChanged({ suites }: Demand): Promise<boolean> {
    if (!this.#control.facts().records) return false
    // What is in a process of a test's own is no hook's.
    if (this.isAside) return false
    await this.steps.take({ when: 'before this test' }, () => this.#levels.joinTests(suites))
    return this.#levels.hooksChanged
  }

  // Also by whoever only has the address.
  async #wasTouched(): Promise<boolean> {
    const { touched } = await this.steps.take({ when: 'before this test' }, () => this.#control.ask('touched', 0))
    return touched === true
  }
}
