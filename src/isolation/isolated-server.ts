import { ConnectionError, type ResetError, type ServerExitedError } from '../errors.ts'
import { loadModule } from '../load-module.ts'
import type { Levels } from './levels.ts'
import { loadFailures } from './load-failures.ts'
import { Processes } from './processes.ts'
import { type Demand, wantsOwnProcess } from './scope.ts'
import type { Entry, ServerControl } from './server.ts'
import { ServerWatch } from './server-watch.ts'
import type { Steps } from './steps.ts'
import type { Strictness } from './strictness.ts'

const entryFor = ({ isUsed }: Demand): Entry => (isUsed ? 'enter' : 'enter_if_dirty')

/** Keeps a leased server in the state that the file's tests and hooks expect. Operations run one after another. */
export class IsolatedServer {
  readonly watch: ServerWatch
  readonly #control: ServerControl
  readonly #processes: Processes
  /** No replacement process could be started. Tests that do not use the server were not told. */
  #givenUp = false
  /** Clients other than the fixture were connected since the file began, as far as the agent was asked. */
  #hadClients = false
  /** The tests that are running. */
  readonly #attempts = new Map<object, Demand>()

  constructor(control: ServerControl) {
    this.#control = {
      ...control,
      ask: async (operation, keep, limit) => {
        const reply = await control.ask(operation, keep, limit)
        this.#hadClients ||= reply.clients === true || reply.dirty === true
        return reply
      },
    }
    this.watch = new ServerWatch(control)
    this.#processes = new Processes(this.#control, this.watch)
  }

  /** A test or a hook uses the server through its handle. */
  noteUse(): void {
    this.#processes.noteUse()
  }

  /** True if problems of the server are reported: the test uses the server, or other clients were connected. */
  isToTell({ isUsed }: Demand): boolean {
    return isUsed || this.#hadClients
  }

  /**
   * At the beginning of a file: removes the changes of the previous file, unless the config says that they stay.
   *
   * @param record true if tests of the file or of one of its suites need recorded changes although the config does not
   *   ask for them
   */
  async beginFile(record: boolean): Promise<void> {
    const { leasedBefore, records, isolation } = this.#control.facts()
    if (record) await this.#processes.record()
    else if (!(leasedBefore && records)) return
    else if (isolation === 'reset' || isolation === 'file') await this.#processes.undoEarlierFile()
    else await this.#processes.joinEarlierFiles()
  }

  /**
   * Before a test: ensures that the server runs and is in the state that the test expects.
   *
   * @param attempt identifies the test until the test ends
   * @returns the error of a server that died while no test was running, for instance in a `beforeAll`; or of a server
   *   that is not in the expected state
   */
  async beginTest(attempt: object, demand: Demand): Promise<ServerExitedError | ResetError | undefined> {
    this.#attempts.set(attempt, demand)
    try {
      const error = await this.#prepare(demand)
      if (demand.isUsed) this.#processes.noteUse()
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
   * @param undo undoes the test's changes at once, not when the next test begins
   * @throws LeftoverError with `strict`, if the undo leaves a difference; ServerExitedError
   */
  async endTest(attempt: object, demand: Demand, undo: boolean): Promise<void> {
    const { isolation, strict } = demand
    this.#attempts.delete(attempt)
    if (undo && wantsOwnProcess(demand)) return await this.#tellingOnly(demand, () => this.#processes.leaveFresh())
    // The next test replaces a server that has ended.
    if (this.watch.isGone || isolation !== 'reset' || !(undo || strict)) return
    await this.#tellingOnly(demand, async () => {
      await this.#steps.take({ when: 'after this test' }, async () => {
        await this.#levels.undoTests(strict ? 'enter_at_once' : entryFor(demand))
        if (strict) await (await this.#strictness()).check()
      })
    })
  }

  /**
   * Before the first hook of a suite. @throws ServerExitedError if the server has died and this was not reported yet.
   * The server runs again
   */
  async beginSuite(demand: Demand): Promise<void> {
    const { suites } = demand
    if (this.#isGivenUp(demand)) return
    await this.#tellingOnly(demand, async () => {
      const crash = await this.watch.findNewDeath('before this suite')
      await this.watch.tellingOf(crash, async () => {
        await this.#processes.comeBack()
        await this.#processes.bringUp({ ...demand, hooksRan: suites.at(-1)?.parent?.hasHooks ?? true })
        await this.#steps.take({ when: 'before this suite' }, () => this.#levels.enterSuite(suites))
      })
      if (crash) throw crash
    })
  }

  /** After the last hook of a suite. */
  async endSuite(demand: Demand): Promise<void> {
    await this.#tellingOnly(demand, async () => {
      await this.#processes.comeBack()
      if (this.watch.isGone) return
      await this.#steps.take({ when: 'after this suite' }, () => this.#levels.leaveSuite(demand.suites))
    })
  }

  /**
   * A call of `reset()`. In a test: goes back to the state in which the test began. In a hook of a suite: goes back to
   * the state before that suite. @throws ResetError
   */
  async reset(): Promise<void> {
    if (!this.#control.facts().records) {
      const { instance } = await this.#control.describe()
      const { notRecording } = await loadFailures()
      throw notRecording(instance, "Give it, or this file's useTarantool(), isolation: 'reset' or 'file'.")
    }
    if (this.#attempts.size === 0) await this.#processes.comeBack()
    if (this.watch.isGone) await this.#control.replace('if-gone')
    await this.#steps.take({ when: 'by reset()' }, async () => {
      if (this.#attempts.size > 0 && this.#levels.isTestOpen) await this.#levels.undoTests()
      else await this.#levels.undoHooks()
      const loss = await this.#loss()
      // With a process of their own, tests never find the changes of hooks, so nothing is lost for them.
      if (loss && ![...this.#attempts.values()].some(wantsOwnProcess)) throw loss
    })
  }

  /**
   * Asks the server about its changes, after all operations that are under way.
   *
   * @param isUrgent asks at once. Later operations do not wait for a server that does not answer
   */
  async withRecords<Result>(
    ask: (control: ServerControl, levels: Levels) => Promise<Result>,
    isUrgent = false,
  ): Promise<Result> {
    const act = (): Promise<Result> => ask(this.#control, this.#levels)
    return await (isUrgent ? act() : this.#steps.inTurn(act))
  }

  async #prepare(demand: Demand): Promise<ServerExitedError | ResetError | undefined> {
    const { isolation } = demand
    if (this.#isGivenUp(demand)) return undefined
    // The most frequent case by far needs one request and nothing else.
    if (isolation === 'reset' && this.#isReady) {
      const entered = await this.#enterUnlessGone(demand)
      if (entered) return entered.loss
    }
    const crash = await this.watch.findNewDeath('before this test')
    return await this.watch.tellingOf(crash, async () => {
      if (!wantsOwnProcess(demand)) await this.#processes.comeBack()
      const isNew = await this.#processes.bringUp(demand)
      if (!isNew && wantsOwnProcess(demand)) await this.#processes.makeFresh(demand)
      if (isolation === 'reset' || isolation === 'file') await this.#processes.record()
      const loss = await this.#enter(demand)
      return crash ?? loss
    })
  }

  /** Opens the test's level. Undefined if the server has ended meanwhile: the test has not begun then. */
  async #enterUnlessGone(demand: Demand): Promise<{ loss: ResetError | undefined } | undefined> {
    try {
      return {
        loss: await this.#steps.take({ when: 'before this test', mayBeGone: true }, () => this.#openTest(demand)),
      }
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      this.watch.notice('broke-off')
      return undefined
    }
  }

  async #enter(demand: Demand): Promise<ResetError | undefined> {
    const { isolation, isUsed } = demand
    if (!this.#control.facts().records || (isolation === 'none' && !isUsed)) return undefined
    return await this.#steps.take({ when: 'before this test' }, () => this.#openTest(demand))
  }

  async #openTest(demand: Demand): Promise<ResetError | undefined> {
    const { isolation, stays, strict, suites } = demand
    if (isolation === 'reset') await this.#levels.enterTest(suites, entryFor(demand))
    else await this.#levels.joinTests(suites, stays)
    if (isolation !== 'reset' && isolation !== 'file') return undefined
    const loss = await this.#loss()
    if (!loss && strict && isolation === 'reset') await (await this.#strictness()).look()
    return loss
  }

  // Few suites are strict.
  async #strictness(): Promise<Strictness> {
    const { Strictness } = await loadModule(() => import('./strictness.ts'))
    return new Strictness(this.#control, () => this.#processes.levels)
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

  async #loss(): Promise<ResetError | undefined> {
    const { lost } = this.#levels
    if (lost === undefined) return undefined
    const details = await this.#control.describe()
    return (await loadFailures()).lossError(lost, details)
  }

  get #levels(): Levels {
    return this.#processes.levels
  }

  get #steps(): Steps {
    return this.#processes.steps
  }

  // This is the worker's knowledge. The next request shows whether the server really runs.
  get #isReady(): boolean {
    return this.watch.life.is === 'up' && this.#control.facts().records && !this.#processes.isAside
  }
}
