import { InvalidOptionError } from '../errors.ts'
import { clearTimeout, setTimeout } from '../node-builtins.ts'
import type { Fault, LinkPlace } from './fault.ts'
import { longerError } from './longer-error.ts'
import {
  checkFaults,
  type FaultsOptions,
  type FaultTargets,
  faultsExample,
  faultText,
  type PlannedFault,
  planFaults,
} from './planned-faults.ts'

/** A sequence that is under way, for the code that runs under its faults. */
export interface FaultRun {
  /** The seed of the sequence. */
  readonly seed: number
  /** The faults so far, as texts: `kill storage-1 for 120 ms`. */
  readonly made: readonly string[]
}

/** Code that runs while a sequence makes faults. */
export type CodeUnderFaults<Result> = (run: FaultRun) => Result | Promise<Result>

/** The acts of a sequence on a server or a cluster. */
export interface FaultActs extends FaultTargets {
  kill(instance: string): Promise<void>
  /** Starts an instance that `kill` has ended. */
  start(instance: string): Promise<void>
  pause(instance: string): Promise<void>
  resume(instance: string): Promise<void>
  make(fault: Fault, link: LinkPlace | undefined): Promise<void>
}

// A long sequence would hide the rest of an error. The seed gives the same faults again.
const shownFaults = 20

/** A sequence of faults, one after another. The end of each is awaited before the next. */
export class FaultSequence implements FaultRun {
  readonly seed: number
  readonly made: string[] = []
  readonly #acts: FaultActs
  readonly #faults: Iterator<PlannedFault>
  #isStopped = false
  #wake: () => void = () => {}
  #running: Promise<unknown> = Promise.resolve()

  /** @throws InvalidOptionError, UnknownOptionError */
  constructor(acts: FaultActs, options: FaultsOptions) {
    const terms = checkFaults(options, acts)
    this.seed = terms.seed
    this.#acts = acts
    this.#faults = planFaults(terms, acts)
  }

  /**
   * Makes faults while code runs.
   *
   * @throws the error of the code, with the seed and the faults in its message; else the error of a fault's end
   */
  async during<Result>(code: CodeUnderFaults<Result>): Promise<Result> {
    if (typeof code !== 'function') {
      throw new InvalidOptionError('faults() takes the code that runs under the faults', {
        hint: faultsExample,
      })
    }
    this.#running = this.#run()
    this.#running.catch(() => {})
    try {
      const result = await code(this)
      await this.stop()
      return result
    } catch (error) {
      await this.stop().catch(() => {})
      throw this.explain(error)
    }
  }

  /** Adds the seed and the faults to the message of an error. Returns another error if nobody can change this one. */
  explain(error: unknown): unknown {
    const hidden = Math.max(0, this.made.length - shownFaults)
    const before = hidden === 0 ? '' : `\n  (${hidden} before these)`
    const faults = this.made.slice(hidden).map((fault, index) => `\n  ${hidden + index + 1}. ${fault}`)
    const what = faults.length === 0 ? 'no fault yet' : `these faults:${before}${faults.join('')}`
    return longerError(error, `\n\nUnder faults({ seed: ${this.seed} }), which made ${what}`)
  }

  /** Ends the fault that holds. No other one follows. @throws the error of a fault's end, for example of a start */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#wake()
    await this.#running
  }

  async #run(): Promise<void> {
    for (;;) {
      const fault = this.#faults.next().value as PlannedFault
      await this.#sleep(fault.after)
      if (this.#isStopped) return
      this.made.push(faultText(fault))
      const end = await this.#begin(fault)
      await this.#sleep(fault.lasts)
      await end()
    }
  }

  async #begin(fault: PlannedFault): Promise<() => Promise<void>> {
    const acts = this.#acts
    switch (fault.kind) {
      case 'kill':
        await acts.kill(fault.instance)
        return () => acts.start(fault.instance)
      case 'pause':
        await acts.pause(fault.instance)
        return () => acts.resume(fault.instance)
      case 'cut':
        await acts.make({ is: 'cut' }, fault.link)
        return () => acts.make({ is: 'sound' }, fault.link)
      case 'delay':
        await acts.make({ is: 'delayed', milliseconds: fault.milliseconds }, fault.link)
        return () => acts.make({ is: 'sound' }, fault.link)
    }
  }

  async #sleep(milliseconds: number): Promise<void> {
    if (this.#isStopped) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
