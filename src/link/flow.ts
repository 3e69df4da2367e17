import type { Socket } from 'node:net'
import type { Condition } from './fault.ts'

interface Piece {
  /** Undefined for the end of the stream. */
  readonly data: Buffer | undefined
  readonly arrived: number
}

/** The part of a piece that may pass next, and the time from which it may. */
interface Passing {
  readonly size: number
  readonly due: number
}

// In bytes. With more data on the way, the sender has to wait, as it would for a full window.
const mostWaiting = 2 ** 20
// A limited link passes the data of this share of a second at once.
const portion = 1 / 20

/** One direction of a connection. It passes data on as the condition of its link says. */
export class Flow {
  readonly #from: Socket
  readonly #to: Socket
  #condition: Condition
  #pieces: Piece[] = []
  #waiting = 0
  /** When a limited link has passed all data before. */
  #freeFrom = 0
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, condition: Condition) {
    this.#from = from
    this.#to = to
    this.#condition = condition
    from.on('data', (data: Buffer) => this.#take(data))
    from.once('end', () => this.#take(undefined))
    to.on('drain', () => this.#flow())
    from.once('close', () => this.#stopUnlessEnding())
    to.once('close', () => this.#stop())
  }

  /** Data on the way obeys the new condition. */
  set condition(condition: Condition) {
    this.#condition = condition
    this.#flow()
  }

  #take(data: Buffer | undefined): void {
    if (this.#condition.is === 'sound' && this.#pieces.length === 0) {
      this.#pass(data)
      return
    }
    this.#pieces.push({ data, arrived: performance.now() })
    this.#waiting += data?.length ?? 0
    this.#flow()
  }

  #flow(): void {
    clearTimeout(this.#timer)
    while (!this.#to.writableNeedDrain) {
      const [piece] = this.#pieces
      if (!piece) break
      const { size, due } = this.#passing(piece)
      const wait = due - performance.now()
      if (wait > 0) {
        if (wait < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#flow(), Math.ceil(wait))
        break
      }
      this.#freeFrom = due
      this.#passFirst(piece, size)
    }
    const mayRead = this.#condition.is !== 'hanging' && this.#waiting < mostWaiting && !this.#to.writableNeedDrain
    if (mayRead) this.#from.resume()
    else this.#from.pause()
  }

  #passing({ data, arrived }: Piece): Passing {
    const condition = this.#condition
    const all = data?.length ?? 0
    if (condition.is === 'delayed') return { size: all, due: arrived + condition.milliseconds }
    if (condition.is === 'limited') {
      const { bytesPerSecond } = condition
      const size = Math.min(all, Math.max(1, Math.floor(bytesPerSecond * portion)))
      return { size, due: Math.max(this.#freeFrom, arrived) + (size / bytesPerSecond) * 1000 }
    }
    return { size: all, due: condition.is === 'hanging' ? Number.POSITIVE_INFINITY : 0 }
  }

  #passFirst({ data, arrived }: Piece, size: number): void {
    this.#waiting -= size
    if (data && size < data.length) this.#pieces[0] = { data: data.subarray(size), arrived }
    else this.#pieces.shift()
    this.#pass(data?.subarray(0, size))
  }

  #pass(data: Buffer | undefined): void {
    if (!data) this.#to.end()
    else if (!this.#to.write(data)) this.#from.pause()
  }

  // A sender that has ended in order leaves data on the way.
  #stopUnlessEnding(): void {
    if (!this.#from.readableEnded) this.#stop()
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#pieces = []
  }
}
