import type { ProcessExit } from '../control/exit.ts'
import { PendingFork } from './pending-fork.ts'

// In milliseconds.
const connectionDelay = 200

interface Child {
  /** The fork, until the child has become a server. */
  pending: PendingFork | undefined
  readonly exited: Promise<ProcessExit | undefined>
  readonly settle: (exit: ProcessExit | undefined) => void
}

/** The children of a zygote: those that were ordered, and those that run. */
export class Children {
  readonly #ordered = new Map<number, PendingFork>()
  readonly #running = new Map<number, Child>()
  #lastId = 0

  /** How many were ordered or run. */
  get count(): number {
    return this.#ordered.size + this.#running.size
  }

  /** Waits until no child runs any more, but not longer than a time in milliseconds. */
  async endWithin(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, milliseconds)
    })
    const ended = Promise.all([...this.#running.values()].map(child => child.exited))
    await Promise.race([ended, late])
    clearTimeout(timer)
  }

  order(): { id: number; fork: PendingFork } {
    const id = ++this.#lastId
    const fork = new PendingFork()
    this.#ordered.set(id, fork)
    return { id, fork }
  }

  forked(id: number, pid: number): void {
    const pending = this.#ordered.get(id)
    this.#ordered.delete(id)
    let settle = (_exit: ProcessExit | undefined): void => {}
    const exited = new Promise<ProcessExit | undefined>(resolve => {
      settle = resolve
    })
    this.#running.set(pid, { pending, exited, settle })
    pending?.forked(pid)
  }

  /** The child has become a server. Resolves to its exit; to undefined if the zygote ends before. */
  connected(pid: number): Promise<ProcessExit | undefined> {
    const child = this.#running.get(pid)
    if (!child) return Promise.resolve(undefined)
    child.pending = undefined
    void child.exited.then(() => this.#running.delete(pid))
    return child.exited
  }

  /** The fork that was ordered ends without a server. */
  failed(id: number, reason: string): void {
    this.#ordered.get(id)?.fail(reason)
    this.#ordered.delete(id)
  }

  ended(pid: number, exit: ProcessExit): void {
    const child = this.#running.get(pid)
    if (!child) return
    child.settle(exit)
    if (!child.pending) return
    // The connections of a server that ends at once may be seen after its end.
    setTimeout(() => {
      if (!child.pending) return
      this.#running.delete(pid)
      child.pending.fail(`process ${pid} ended before it was a server`)
    }, connectionDelay)
  }

  /** The zygote has ended: nobody tells of a child's exit any more. */
  orphan(reason: string): void {
    for (const fork of this.#ordered.values()) fork.fail(reason)
    for (const child of this.#running.values()) {
      child.pending?.fail(reason)
      child.settle(undefined)
    }
    this.#ordered.clear()
    this.#running.clear()
  }
}
