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

  /** Ends a cluster, also during its start. Then `end` is called twice: the start may begin an instance after the first. */
  async stop(end: () => Promise<void>): Promise<void> {
    const life = this.#life
    if (life.state === 'stopping') return await life.done
    if (life.state === 'starting') life.abort.abort()
    const done = endAll(end, life)
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

async function endAll(end: () => Promise<void>, life: Life): Promise<void> {
  await end()
  if (life.state !== 'starting') return
  await life.done.catch(() => {})
  await end()
}
