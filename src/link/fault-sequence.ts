import { InvalidOptionError, NotRunningError } from '../errors.ts'
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
  /** False if the code has ended an instance, or if the instance has died. A paused instance runs. */
  runs(instance: string): boolean
  /** An instance in messages. */
  titleOf(instance: string): string
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
  readonly #hasFaultsOfProcesses: boolean
  readonly #faults: Iterator<PlannedFault>
  /** The numbers of faults that were not made, because their instance did not run, by the instance's name. */
  readonly #missed = new Map<string, number>()
  #isStopped = false
  #wake: () => void = () => {}
  #running: Promise<unknown> = Promise.resolve()

  /** @throws InvalidOptionError, UnknownOptionError */
  constructor(acts: FaultActs, options: FaultsOptions) {
    const terms = checkFaults(options, acts)
    this.seed = terms.seed
    this.#acts = acts
    this.#hasFaultsOfProcesses = terms.kinds.some(kind => kind === 'kill' || kind === 'pause')
    this.#faults = planFaults(terms, acts)
  }

  /**
   * Makes faults while code runs.
   *
   * @throws the error of the code, with the seed and the faults in its message; else the error of a fault's end;
   *   NotRunningError at once if an instance that would have faults does not run
   */
  async during<Result>(code: CodeUnderFaults<Result>): Promise<Result> {
    if (typeof code !== 'function') {
      throw new InvalidOptionError('faults() takes the code that runs under the faults', {
        hint: faultsExample,
      })
    }
    this.#mustRun()
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
    const missed = [...this.#missed].map(([instance, count]) => {
      return `\n  Not made: ${count === 1 ? 'a fault' : `${count} faults`} of ${instance}, which did not run`
    })
    return longerError(error, `\n\nUnder faults({ seed: ${this.seed} }), which made ${what}${missed.join('')}`)
  }

  /** Ends the fault that holds. No other one follows. @throws the error of a fault's end, for example of a start */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#wake()
    await this.#running
  }

  #mustRun(): void {
    if (!this.#hasFaultsOfProcesses) return
    const ended = this.#acts.instances.filter(instance => !this.#acts.runs(instance))
    if (ended.length === 0) return
    const [verb, them] = ended.length === 1 ? ['does', 'it'] : ['do', 'them']
    const titles = ended.map(instance => this.#acts.titleOf(instance)).join(', ')
    throw new NotRunningError(`faults(): ${titles} ${verb} not run`, { hint: `Start ${them} first with start().` })
  }

  async #run(): Promise<void> {
    for (;;) {
      const fault = this.#faults.next().value as PlannedFault
      await this.#sleep(fault.after)
      if (this.#isStopped) return
      const end = await this.#make(fault)
      if (!end) continue
      await this.#sleep(fault.lasts)
      await end()
    }
  }

  /** Makes a fault, and returns its end. Returns undefined for an instance that does not run. */
  async #make(fault: PlannedFault): Promise<(() => Promise<void>) | undefined> {
    const instance = 'instance' in fault ? fault.instance : undefined
    if (instance === undefined || this.#acts.runs(instance)) {
      // The code may fail of a fault that is only being made.
      this.made.push(faultText(fault))
      try {
        return await this.#begin(fault)
      } catch (error) {
        this.made.pop()
        // The instance may have ended just now.
        if (instance === undefined || !(error instanceof NotRunningError)) throw error
      }
    }
    this.#missed.set(instance, (this.#missed.get(instance) ?? 0) + 1)
    return undefined
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
