import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { MessageChannel, type MessagePort, receiveMessageOnPort, SHARE_ENV, Worker } from 'node:worker_threads'
import { NotRunningError } from '../../errors.ts'
import { packageDirectory } from '../../package-files.ts'
import { fromClone } from './clone.ts'
import { hasEnded, messagesSent, type Reply, type Request, type ThreadData } from './messages.ts'

// Node itself runs it, which reads no TypeScript: where the sources run, it is the built one, too.
const script = join(packageDirectory, 'dist/instance/sync/worker.js')
const startWithin = 60_000

/** A request without its number, which is given when it is sent. */
export type Question<Each extends Request = Request> = Each extends Request ? Omit<Each, 'id'> : never

/**
 * The thread that runs the servers of the blocking instances, and the wait for its answers. Neither it nor its servers keep
 * Node alive.
 */
export class ServerThread {
  readonly #port: MessagePort
  readonly #signal: Int32Array = new Int32Array(new SharedArrayBuffer(8))
  readonly #loggers: Map<number, (line: string) => void> = new Map()
  /** Those that came while a request that was sent later waited for its own. */
  readonly #early: Map<number, Reply> = new Map()
  readonly #waiting: Set<number> = new Set()
  #lastId = 0

  constructor() {
    if (!existsSync(script)) throw new Error(`there is no ${script}: the package is not built`)
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const workerData: ThreadData = { port: port2, signal: this.#signal }
    // The variables are those of this thread at any time. Its own arguments (--eval, --import) are not for the other one.
    const worker = new Worker(script, {
      workerData,
      transferList: [port2],
      env: SHARE_ENV,
      execArgv: [],
      name: 'tarantool-fixture',
    })
    worker.on('error', error => process.emitWarning(error))
    // One that is terminated says nothing itself.
    worker.on('exit', () => Atomics.store(this.#signal, hasEnded, 1))
    worker.unref()
    // For the lines that are logged while nobody waits.
    port1.on('message', (reply: Reply) => this.#take(reply))
    port1.unref()
    this.ask({ kind: 'ping' }, startWithin, () => new Error(`${script} did not start within ${startWithin} ms`))
  }

  /** Whether the thread is there. */
  get alive(): boolean {
    return Atomics.load(this.#signal, hasEnded) === 0
  }

  /** Who gets the lines of an instance. */
  onLine(instance: number, logger: (line: string) => void): void {
    this.#loggers.set(instance, logger)
  }

  /**
   * Asks, and blocks until the answer is there.
   *
   * @param timeout in milliseconds; the answer is dropped when it comes later
   * @throws what the method threw there, with the stack of here; `onTimeout`'s error
   */
  ask(question: Question, timeout: number, onTimeout: () => Error): unknown {
    const id = ++this.#lastId
    this.#port.postMessage({ ...question, id } as Request)
    this.#waiting.add(id)
    try {
      const reply = this.#wait(id, timeout)
      if (!reply) throw onTimeout()
      if ('error' in reply) throw this.#asOfHere(fromClone(reply.error))
      return fromClone('value' in reply ? reply.value : undefined)
    } finally {
      this.#waiting.delete(id)
      this.#early.delete(id)
    }
  }

  #asOfHere(error: unknown): unknown {
    if (error instanceof Error) Error.captureStackTrace(error, this.ask)
    return error
  }

  #wait(id: number, timeout: number): Reply | undefined {
    const end = performance.now() + timeout
    for (;;) {
      const seen = Atomics.load(this.#signal, messagesSent)
      this.#takeAll()
      const reply = this.#early.get(id)
      if (reply) return reply
      if (!this.alive)
        throw new NotRunningError('the thread that runs the blocking instances has ended, and its servers too')
      const left = end - performance.now()
      if (left <= 0 || Atomics.wait(this.#signal, messagesSent, seen, left) === 'timed-out') {
        this.#takeAll()
        return this.#early.get(id)
      }
    }
  }

  #takeAll(): void {
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port)) {
      this.#take(next.message as Reply)
    }
  }

  // A logger may ask something itself, and so wait within a wait.
  #take(reply: Reply): void {
    if ('line' in reply) this.#loggers.get(reply.instance)?.(reply.line)
    else if (this.#waiting.has(reply.id)) this.#early.set(reply.id, reply)
  }
}

let current: ServerThread | undefined

/** The thread of all blocking instances that are made in this one. */
export function serverThread(): ServerThread {
  if (!current?.alive) current = new ServerThread()
  return current
}
