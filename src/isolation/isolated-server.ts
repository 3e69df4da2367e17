import { ConnectionError, RequestTimeoutError, ResetError, type ServerExitedError } from '../errors.ts'
import { lossError, notBroughtBack } from './failures.ts'
import { Levels } from './levels.ts'
import type { Demand } from './scope.ts'
import type { Entry, ServerControl } from './server.ts'
import { ServerWatch } from './server-watch.ts'
import { Strictness } from './strictness.ts'

const wantsOwnProcess = ({ isolation }: Demand): boolean => isolation === 'restart' || isolation === 'process'

const entryFor = ({ isUsed }: Demand): Entry => (isUsed ? 'enter' : 'enter_if_touched')

/** A leased server as its file's tests and hooks are to find it. It does one thing after the other. */
export class IsolatedServer {
  readonly watch: ServerWatch
  readonly #control: ServerControl
  readonly #levels: Levels
  readonly #strictness: Strictness
  /** A test, a hook or an earlier file had this process: who wants a fresh one has another. */
  #touched: boolean
  /** No other process could be started, which nobody was told who has nothing to do with it. */
  #givenUp = false
  /** Others than the fixture were connected since the file began, as far as was asked. */
  #hadClients = false
  /** The tests that run. */
  readonly #attempts = new Map<object, Demand>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(control: ServerControl) {
    this.#control = {
      ...control,
      ask: async (operation, depth) => {
        const reply = await control.ask(operation, depth)
        this.#hadClients ||= reply.clients === true || reply.touched === true
        return reply
      },
      replace: async by => {
        const { generation } = control.facts()
        await control.replace(by)
        if (control.facts().generation !== generation) this.#touched = false
      },
    }
    this.watch = new ServerWatch(control)
    this.#levels = new Levels(this.#control)
    this.#strictness = new Strictness(control, this.#levels)
    this.#touched = control.facts().used
  }

  /** A test or a hook does something with it, by its handle. */
  noteUse(): void {
    this.#touched = true
  }

  /** Whether what happens to the server is to be told: somebody who is there may have done it. */
  isToTell({ isUsed }: Demand): boolean {
    return isUsed || this.#hadClients
  }

  /**
   * At the begin of a file: nothing of the file before it is there.
   *
   * @param record its tests, or those of one of its suites, want changes undone, which the config does not ask for
   */
  async beginFile(record: boolean): Promise<void> {
    const { used, records, isolation } = this.#control.facts()
    if (record) await this.#record()
    else if (used && records && (isolation === 'reset' || isolation === 'file')) await this.#undoEarlierFile()
  }

  /**
   * Before a test: the server runs, and is as the test is to find it.
   *
   * @param attempt stands for the test until it ends
   * @returns the error of a server that died where no test was running, in a `beforeAll` for instance; or of one that is
   *   not as it should be
   */
  async beginTest(attempt: object, demand: Demand): Promise<ServerExitedError | ResetError | undefined> {
    this.#attempts.set(attempt, demand)
    try {
      const error = await this.#prepare(demand)
      if (demand.isUsed) this.#touched = true
      return this.isToTell(demand) ? error : undefined
    } catch (error) {
      if (this.isToTell(demand)) {
        this.#attempts.delete(attempt)
        throw error
      }
      this.#givenUp = this.watch.isGone
      return undefined
    }
  }

  /**
   * After a test.
   *
   * @param undo at once, and not when the next test begins, what it changed
   * @throws LeftoverError with `strict`, when that does not undo all; ServerExitedError
   */
  async endTest(attempt: object, demand: Demand, undo: boolean): Promise<void> {
    const { isolation, strict } = demand
    this.#attempts.delete(attempt)
    // One that is gone is replaced by the next test.
    if (this.watch.isGone || isolation !== 'reset' || !(undo || strict)) return
    await this.#tellingOnly(demand, async () => {
      await this.#step('after this test', async () => {
        await this.#levels.undoTests(strict ? 'enter_at_once' : entryFor(demand))
        if (strict) await this.#strictness.check()
      })
    })
  }

  /** Before the first hook of a suite. @throws ServerExitedError when it has died, and nobody was told; it runs again */
  async beginSuite(demand: Demand): Promise<void> {
    const { suites } = demand
    if (this.#isGivenUp(demand)) return
    await this.#tellingOnly(demand, async () => {
      const crash = await this.watch.findNewDeath('before this suite')
      await this.watch.tellingOf(crash, async () => {
        await this.#bringUp({ hooksRan: suites.at(-1)?.parent?.hasHooks ?? true })
        await this.#step('before this suite', () => this.#levels.enterSuite(suites))
      })
      if (crash) throw crash
    })
  }

  /** After its last hook. */
  async endSuite(demand: Demand): Promise<void> {
    if (this.watch.isGone) return
    await this.#tellingOnly(demand, async () => {
      await this.#step('after this suite', () => this.#levels.leaveSuite(demand.suites))
    })
  }

  /** By hand: back to how the test began, or in a hook of a suite, to what was before that suite. @throws ResetError */
  async reset(): Promise<void> {
    if (!this.#control.facts().records) {
      const { instance } = await this.#control.describe()
      throw new ResetError(`${instance} does not record its changes: nothing can be undone`, {
        instance,
        hint: "Give it, or this file's useTarantool(), isolation: 'reset' or 'file'.",
      })
    }
    if (this.watch.isGone) await this.#control.replace('if-gone')
    await this.#step('by reset()', async () => {
      if (this.#attempts.size > 0 && this.#levels.isTestOpen) await this.#levels.undoTests()
      else await this.#levels.undoHooks()
      const loss = await this.#loss()
      // Tests with a process of their own never find what hooks did.
      if (loss && ![...this.#attempts.values()].some(wantsOwnProcess)) throw loss
    })
  }

  async #prepare(demand: Demand): Promise<ServerExitedError | ResetError | undefined> {
    const { isolation } = demand
    if (this.#isGivenUp(demand)) return undefined
    // By far the most frequent: one request, and nothing else.
    if (isolation === 'reset' && this.watch.life.is === 'up' && this.#control.facts().records) {
      const entered = await this.#enterUnlessGone(demand)
      if (entered) return entered.loss
    }
    const crash = await this.watch.findNewDeath('before this test')
    return await this.watch.tellingOf(crash, async () => {
      if (this.watch.isGone) await this.#bringUp(demand)
      else if (wantsOwnProcess(demand)) await this.#makeFresh(demand)
      if (isolation === 'reset' || isolation === 'file') await this.#record()
      const loss = await this.#enter(demand)
      return crash ?? loss
    })
  }

  /** What a test finds. Undefined where the server has gone meanwhile: the test has not begun then. */
  async #enterUnlessGone(demand: Demand): Promise<{ loss: ResetError | undefined } | undefined> {
    try {
      return { loss: await this.#step('before this test', () => this.#openTest(demand), { mayBeGone: true }) }
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      this.watch.notice('broke-off')
      return undefined
    }
  }

  async #enter(demand: Demand): Promise<ResetError | undefined> {
    const { isolation, isUsed } = demand
    if (!this.#control.facts().records || (isolation === 'none' && !isUsed)) return undefined
    return await this.#step('before this test', () => this.#openTest(demand))
  }

  async #openTest(demand: Demand): Promise<ResetError | undefined> {
    const { isolation, stays, strict, suites } = demand
    if (isolation === 'reset') await this.#levels.enterTest(suites, entryFor(demand))
    else await this.#levels.joinTests(suites, stays)
    if (isolation !== 'reset' && isolation !== 'file') return undefined
    const loss = await this.#loss()
    if (!loss && strict && isolation === 'reset') await this.#strictness.look()
    return loss
  }

  /** One that a test took down, or that died, is another one from here on. */
  async #bringUp({ hooksRan, isolation }: { hooksRan: boolean; isolation?: Demand['isolation'] }): Promise<void> {
    if (!this.watch.isGone) return
    const died = this.watch.life.is !== 'stopped'
    await this.#control.replace(isolation === 'process' ? 'spare' : 'if-gone')
    if (died && hooksRan) this.#levels.hooksRan()
    this.#levels.noticeProcess(died ? 'it died' : 'it was stopped or killed', died)
  }

  async #makeFresh(demand: Demand): Promise<void> {
    const { isolation } = demand
    const hooksChanged = await this.#hooksChanged(demand)
    if (!(hooksChanged || this.#touched || (await this.#wasTouched()))) return
    await this.#control.replace(isolation === 'process' ? 'spare' : 'start')
    this.#levels.noticeProcess(`a test had isolation '${isolation}'`)
  }

  // To be asked before another process takes the server's place: afterwards nobody could tell.
  async #hooksChanged({ suites }: Demand): Promise<boolean> {
    if (!this.#control.facts().records) return false
    await this.#step('before this test', () => this.#levels.joinTests(suites))
    return this.#levels.hooksChanged
  }

  // Also by whoever only has the address.
  async #wasTouched(): Promise<boolean> {
    const { touched } = await this.#step('before this test', () => this.#control.ask('touched', 0))
    return touched === true
  }

  #isGivenUp(demand: Demand): boolean {
    return this.#givenUp && !this.isToTell(demand)
  }

  async #tellingOnly(demand: Demand, act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (this.isToTell(demand)) throw error
    }
  }

  /** From here on it records what changes, which a new process has to do from its start. */
  async #record(): Promise<void> {
    if (!this.#control.facts().records) await this.#control.replace('record')
  }

  async #undoEarlierFile(): Promise<void> {
    await this.#inTurn(async () => {
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

  async #loss(): Promise<ResetError | undefined> {
    const { lost } = this.#levels
    return lost === undefined ? undefined : lossError(lost, await this.#control.describe())
  }

  async #step<Result>(when: string, step: () => Promise<Result>, { mayBeGone = false } = {}): Promise<Result> {
    return await this.#inTurn(async () => {
      try {
        return await step()
      } catch (error) {
        const isStuck = error instanceof RequestTimeoutError
        if (!isStuck && (mayBeGone || !(error instanceof ConnectionError))) throw error
        if (!isStuck) {
          this.watch.notice('broke-off')
          const death = await this.watch.findDeath({ when })
          if (death) throw death
        }
        const details = await this.#control.describe()
        const why = isStuck ? 'it does not answer: does its Lua run without a yield?' : error.summary
        if (isStuck) await this.#control.kill()
        await this.#levels.replace(why)
        throw notBroughtBack(when, why, details, error)
      }
    })
  }

  async #inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(step, step)
    this.#last = result.catch(() => {})
    return await result
  }
}
