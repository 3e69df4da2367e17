import { guarded, LogFollower } from './follower.ts'

/** Gives a user's function each line that the processes of one instance log. */
export class LoggerFeed {
  readonly #logger: ((line: string) => void) | undefined
  #follower: LogFollower | undefined

  constructor(logger: ((line: string) => void) | undefined) {
    this.#logger = logger
  }

  /**
   * Follows the log of a new process from an offset in bytes. The remaining lines of the previous process come first.
   */
  follow(path: string, since: number): void {
    this.drain()
    if (!this.#logger) return
    this.#follower = new LogFollower(path, since, guarded(this.#logger))
    this.#follower.start()
  }

  /** Delivers the lines that were written until now. */
  catchUp(): void {
    this.#follower?.catchUp()
  }

  /** Delivers the remaining lines, and stops. */
  drain(): void {
    this.#follower?.drain()
  }
}
