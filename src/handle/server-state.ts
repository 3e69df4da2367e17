import type { LeasedServerInfo } from '../broker/messages.ts'
import { ConnectionError, type ErrorDetails, LeftoverError, RequestTimeoutError, ResetError } from '../errors.ts'
import { Levels, type ServerControl } from './levels.ts'
import type { Demand, Scope } from './scope.ts'

/** What bringing a server back needs of its lease. */
export interface ServerOfState extends ServerControl {
  /** Ends the process without asking it. */
  kill(): Promise<void>
  /** How messages call it, and what it logged last. */
  details(): Promise<ErrorDetails & { instance: string }>
}

const replaced = 'The next test gets a new server on the same address.'

/** Brings a leased server back to how it was: before a test, before a suite, before a file. One step after the other. */
export class ServerState {
  readonly #server: ServerOfState
  readonly #levels: Levels
  #last: Promise<unknown> = Promise.resolve()
  #testsRunning = 0

  constructor(server: ServerOfState) {
    this.#server = server
    this.#levels = new Levels(server)
  }

  /** What the file before left is undone. */
  async beginFile(): Promise<void> {
    await this.#inTurn(async () => {
      try {
        await this.#levels.toBaseline()
      } catch {
        // Whatever it is, it is none of the file's that begins.
        await this.#server.kill()
        await this.#levels.renew('it could not be brought back')
        await this.#levels.toBaseline()
      }
    })
  }

  /**
   * Whether the file or its suites have changed anything, as far as that is recorded. To be asked before another process
   * takes the server's place, too: afterwards nobody could tell.
   */
  async hooksChanged({ suites }: Demand): Promise<boolean> {
    if (!this.#server.info().records) return false
    await this.#step('before this test', () => this.#levels.openTests(suites))
    return this.#levels.hooksChanged
  }

  async openSuite(suites: readonly Scope[]): Promise<void> {
    await this.#step('before this suite', () => this.#levels.openSuite(suites))
  }

  async closeSuite(suites: readonly Scope[]): Promise<void> {
    await this.#step('after this suite', () => this.#levels.closeSuite(suites))
  }

  /**
   * @param mayBeGone nobody has looked whether the server still runs
   * @returns the error of a test that would not find what the hooks of its suites did
   * @throws ConnectionError when it may be gone, and is: the test has not begun then
   */
  async beginTest(
    { isolation, strict, suites, staysAround }: Demand,
    mayBeGone = false,
  ): Promise<ResetError | undefined> {
    this.#testsRunning++
    if (!this.#server.info().records || (isolation === 'none' && staysAround)) return undefined
    const open = async (): Promise<ResetError | undefined> => {
      if (isolation === 'reset') await this.#levels.openTest(suites)
      else await this.#levels.openTests(suites)
      if (isolation !== 'reset' && isolation !== 'file') return undefined
      const lost = await this.#lost()
      if (!lost && strict && isolation === 'reset') await this.#digest()
      return lost
    }
    try {
      return await this.#step('before this test', open, mayBeGone)
    } catch (error) {
      if (error instanceof ConnectionError) this.#testsRunning--
      throw error
    }
  }

  /**
   * @param undo at once what the test did, and not when the next one begins
   * @throws LeftoverError with `strict`, when that does not undo all
   */
  async endTest({ isolation, strict }: Demand, undo: boolean): Promise<void> {
    this.#testsRunning--
    if (isolation !== 'reset' || !(undo || strict)) return
    await this.#step('after this test', async () => {
      await this.#levels.toTest()
      if (strict && this.#levels.lost === undefined) await this.#checkDigest()
    })
  }

  /** By hand. @throws ResetError when what is to be there is lost */
  async reset(): Promise<void> {
    await this.#step('by reset()', async () => {
      if (this.#testsRunning > 0) await this.#levels.toTest()
      else await this.#levels.emptyTop()
      const lost = await this.#lost()
      if (lost) throw lost
    })
  }

  /**
   * The server had gone, and another process is in its place.
   *
   * @param of.died nobody asked for it
   * @param of.hooksRan hooks of the innermost suite may have changed something before
   */
  noticeProcess(why: string, { died, hooksRan }: { died: boolean; hooksRan: boolean }): void {
    if (died && hooksRan) this.#levels.hooksRan()
    this.#levels.noticeProcess(why, died)
  }

  async #digest(): Promise<string> {
    const digest = await this.#levels.digest()
    if (digest !== undefined) return digest
    const { instance } = await this.#server.details()
    throw new ResetError(`${instance} could not tell what is in it, which 'strict' has to know`)
  }

  async #checkDigest(): Promise<void> {
    const wanted = await this.#digest()
    if ((await this.#levels.currentDigest()) === wanted) return
    const { instance, ...details } = await this.#server.details()
    await this.#levels.renew('a test had left a difference')
    throw new LeftoverError(`${instance}: this test changed data in a way that its undo did not see (strict)`, {
      ...details,
      instance,
      hint: `Rows that change while their space's triggers are off (space:run_triggers(false)) are not seen. A test that needs that can have isolation: 'restart'. ${replaced}`,
    })
  }

  async #lost(): Promise<ResetError | undefined> {
    const { lost } = this.#levels
    if (lost === undefined) return undefined
    const { instance } = await this.#server.details()
    return new ResetError(
      `${instance} had to be replaced (${lost}): what beforeAll, or the top of the file, had changed in it is lost`,
      {
        instance,
        hint: "Do that in beforeEach, or give the tests isolation: 'restart', and do it in beforeEach, too.",
      },
    )
  }

  async #step<Result>(when: string, step: () => Promise<Result>, mayBeGone = false): Promise<Result> {
    return await this.#inTurn(async () => {
      try {
        return await step()
      } catch (error) {
        const isStuck = error instanceof RequestTimeoutError
        if (!isStuck && (mayBeGone || !(error instanceof ConnectionError))) throw error
        const { instance, ...details } = await this.#server.details()
        const why = isStuck ? 'it does not answer: does its Lua run without a yield?' : error.summary
        if (isStuck) await this.#server.kill()
        await this.#levels.renew(why)
        throw new ResetError(`${instance} could not be brought back ${when}: ${why}`, {
          ...details,
          instance,
          cause: error,
          hint: replaced,
        })
      }
    })
  }

  async #inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(step, step)
    this.#last = result.catch(() => {})
    return await result
  }
}

/** Whether a server undoes changes for this info's config. */
export const undoesBetweenFiles = ({ isolation, records }: LeasedServerInfo): boolean =>
  records && (isolation === 'reset' || isolation === 'file')
