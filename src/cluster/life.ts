import { StartAbortedError } from '../errors.ts'

/** The state of a cluster. `failed`: a start failed, and no instance runs. */
export type ClusterState = 'new' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'

type Life =
  | { readonly state: 'new' | 'running' | 'stopped' | 'failed' }
  | { readonly state: 'starting'; readonly done: Promise<void>; readonly abort: AbortController }
  | { readonly state: 'stopping'; readonly done: Promise<void> }

/** The order of a cluster's starts and stops. Concurrent calls share one start or one stop. */
export class ClusterLife {
  #life: Life = { state: 'new' }
  /** Work on the running cluster that is under way, such as a reset. */
  readonly #work = new Set<Promise<unknown>>()
  /** The number of calls that have asked for a stop. */
  #stops = 0

  get state(): ClusterState {
    return this.#life.state
  }

  /** Starts a cluster that does not run. Waits for a stop or start that is under way. */
  async start(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    while (this.#life.state === 'stopping') await this.#life.done
    if (this.#life.state === 'running') return
    if (this.#life.state !== 'starting') this.#life = this.#begin(run)
    await this.#life.done
  }

  /** The cluster does not run, or not for long. Nothing of it may start. */
  get isEnding(): boolean {
    return ['stopping', 'stopped', 'failed'].includes(this.state)
  }

  /** Does work on the cluster that may start instances. A stop waits for its end. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = work()
    this.#work.add(done)
    try {
      return await done
    } finally {
      this.#work.delete(done)
    }
  }

  /** @throws StartAbortedError if somebody else wants the cluster to end */
  async restart(stop: () => Promise<void>, start: () => Promise<unknown>, title: string): Promise<void> {
    const stopped = stop()
    const stops = this.#stops
    await stopped
    if (this.#stops !== stops) throw new StartAbortedError(`the ${title} was stopped during its restart`)
    await start()
  }

  /**
   * Ends a cluster, also during its start, and during work on it. Then `end` is called twice: the start or the work may begin
   * an instance after the first.
   */
  async stop(end: () => Promise<void>): Promise<void> {
    const life = this.#life
    this.#stops++
    if (life.state === 'stopping') return await life.done
    if (life.state === 'starting') life.abort.abort()
    const done = endAll(end, life, this.#work)
    this.#life = { state: 'stopping', done }
    try {
      await done
    } finally {
      this.#life = { state: life.state === 'new' ? 'new' : 'stopped' }
    }
  }

  #begin(run: (signal: AbortSignal) => Promise<void>): Extract<Life, { state: 'starting' }> {
    const abort = new AbortController()
    const settle = (state: 'running' | 'stopped' | 'failed'): void => {
      if (this.#life.state === 'starting' && this.#life.abort === abort) this.#life = { state }
    }
    const done = run(abort.signal).then(
      () => settle('running'),
      (error: unknown) => {
        settle(error instanceof StartAbortedError ? 'stopped' : 'failed')
        throw error
      },
    )
    done.catch(() => {})
    return { state: 'starting', done, abort }
  }
}

async function endAll(end: () => Promise<void>, life: Life, work: ReadonlySet<Promise<unknown>>): Promise<void> {
  await end()
  if (life.state !== 'starting' && work.size === 0) return
  await Promise.allSettled([...work, life.state === 'starting' && life.done])
  await end()
}
