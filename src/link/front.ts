import { NotRunningError } from '../errors.ts'
import { cannotListen } from './failure.ts'
import { type Condition, type Fault, type Link, linkOf } from './fault.ts'
import type { LinkRequest } from './messages.ts'
import type { LinkEnds } from './proxy.ts'
import type { LinkThread } from './thread.ts'

interface Opened {
  readonly thread: LinkThread
  readonly number: number
  readonly ends: LinkEnds
}

let lastNumber = 0

/**
 * A link in front of servers that have one address in turn. The link listens while one of them runs. Its condition
 * outlives the servers.
 */
export class Front {
  /** The link, as a test sees it. */
  readonly link: Link = linkOf(fault => this.make(fault))
  #condition: Condition = { is: 'sound' }
  /** The fault waits until the link is resumed. */
  #isSuspended = false
  #opened: Opened | undefined
  #holder: object | undefined
  /** The reason for which the link has ended for good. */
  #end: string | undefined
  /** The number of faults that were made, and ended. */
  changes = 0
  /** Steps of one link follow each other. */
  #turn: Promise<unknown> = Promise.resolve()

  /** Lets the link listen for a server. @throws LinkError; PortTakenError if another process has the address */
  async open(holder: object, ends: LinkEnds): Promise<void> {
    await this.#inTurn(async () => {
      this.#holder = holder
      const opened = await this.#add(ends)
      await this.#ask(opened, { kind: 'open', link: opened.number })
    })
  }

  /** Frees the address, unless another server has it meanwhile. */
  async close(holder: object): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#holder !== holder) return
      this.#holder = undefined
      const opened = this.#alive
      await opened?.thread.ask({ kind: 'close', link: opened.number })
    })
  }

  /** Frees the address, and ends all connections. `why`: nothing has the address any more. */
  async end(why?: string): Promise<void> {
    await this.#inTurn(async () => {
      this.#end = why
      await this.#remove()
      this.#condition = { is: 'sound' }
      this.#holder = undefined
    })
  }

  /** @throws NotRunningError if no server has had the address yet; LinkError, PortTakenError if the link cannot be healed */
  async make(fault: Fault): Promise<void> {
    await this.#inTurn(async () => {
      const opened = this.#opened
      if (!opened) {
        throw new NotRunningError(this.#end ?? 'a link has no server yet', {
          hint: this.#end === undefined ? 'Await start() first.' : undefined,
        })
      }
      this.changes++
      const former = this.#condition
      if (fault.is !== 'reset') this.#condition = fault
      if (fault.is !== 'reset' && this.#isSuspended) return
      try {
        await this.#ask(opened, { kind: 'make', link: opened.number, fault })
      } catch (error) {
        // The next heal() tries again.
        this.#condition = former
        throw error
      }
    })
  }

  /** Passes everything on until `resume`. Faults that are made meanwhile hold from then on. */
  async suspend(): Promise<void> {
    await this.#suspend(true)
  }

  async resume(): Promise<void> {
    await this.#suspend(false)
  }

  /** The fault that holds, or that will hold when the link is resumed. */
  get condition(): Condition {
    return this.#condition
  }

  /** The fault that holds now. */
  get #inForce(): Condition {
    return this.#isSuspended ? { is: 'sound' } : this.#condition
  }

  /** True if connections can be made, and carry data. */
  get passes(): boolean {
    return this.#inForce.is !== 'cut' && this.#inForce.is !== 'hanging'
  }

  /** Ends a fault. A link without a fault stays as it is. */
  async heal(): Promise<void> {
    if (this.#condition.is !== 'sound') await this.make({ is: 'sound' })
  }

  async #suspend(isSuspended: boolean): Promise<void> {
    await this.#inTurn(async () => {
      this.#isSuspended = isSuspended
      const opened = this.#alive
      if (!opened || this.#condition.is === 'sound') return
      await this.#ask(opened, { kind: 'make', link: opened.number, fault: this.#inForce })
    })
  }

  get #alive(): Opened | undefined {
    return this.#opened?.thread.alive ? this.#opened : undefined
  }

  // The servers behind a link can have different sockets.
  async #add(ends: LinkEnds): Promise<Opened> {
    const known = this.#alive
    if (known && JSON.stringify(known.ends) === JSON.stringify(ends)) return known
    await this.#remove()
    const { linkThread } = await import('./thread.ts')
    const opened = { thread: linkThread(), number: ++lastNumber, ends }
    await opened.thread.ask({ kind: 'add', link: opened.number, ends, condition: this.#inForce })
    this.#opened = opened
    return opened
  }

  // A request to a thread that has ended fails.
  async #ask({ thread, ends }: Opened, request: LinkRequest): Promise<void> {
    try {
      await thread.ask(request)
    } catch (error) {
      throw cannotListen(ends.listen, error)
    }
  }

  async #remove(): Promise<void> {
    const opened = this.#alive
    this.#opened = undefined
    await opened?.thread.ask({ kind: 'end', link: opened.number })
  }

  async #inTurn(step: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(step)
    this.#turn = done.catch(() => {})
    await done
  }
}
