/** Runs steps one after another, in the order of the calls. A step that fails does not stop the next. */
export class StepQueue {
  readonly #check: () => void
  #last: Promise<unknown> = Promise.resolve()

  /** @param check runs before each step. If it throws, the step fails with that error and does not run. */
  constructor(check: () => void) {
    this.#check = check
  }

  async run<Result>(step: () => Promise<Result>): Promise<Result> {
    const checked = async (): Promise<Result> => {
      this.#check()
      return await step()
    }
    const result = this.#last.then(checked, checked)
    this.#last = result.catch(() => {})
    return await result
  }

  /** Resolves when every step that was added until now has ended. */
  async settled(): Promise<void> {
    await this.#last
  }
}
