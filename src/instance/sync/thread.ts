import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { MessageChannel, type MessagePort, receiveMessageOnPort, SHARE_ENV, Worker } from 'node:worker_threads'
import { NotRunningError } from '../../errors.ts'
import { packageDirectory } from '../../package-files.ts'
import { fromClone } from './clone.ts'
import { hasEnded, messagesSent, type Reply, type Request, type ThreadData } from './messages.ts'

// Node itself runs this file, and Node reads no TypeScript. So the built file runs even if the sources run here.
const script = join(packageDirectory, 'dist/instance/sync/worker.js')
const startWithin = 60_000

/** A request without its number, which it gets when it is sent. */
export type Question<Each extends Request = Request> = Each extends Request ? Omit<Each, 'id'> : never

/**
 * The thread that runs the servers of the blocking instances, and the wait for its answers. Neither the thread nor its
 * servers keep Node alive.
 */
export class ServerThread {
  readonly #port: MessagePort
  readonly #signal: Int32Array = new Int32Array(new SharedArrayBuffer(8))
  readonly #loggers: Map<number, (line: string) => void> = new Map()
  /** Messages that came while a later request waited for its own answer. */
  readonly #early: Map<number, Reply> = new Map()
  readonly #waiting: Set<number> = new Set()
  #lastId = 0

  constructor() {
    if (!existsSync(script)) throw new Error(`there is no ${script}: the package is not built`)
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const workerData: ThreadData = { port: port2, signal: this.#signal }
    // The thread gets this thread's variables at any time. This thread's arguments (--eval, --import) are not for the
    // other one.
    const worker = new Worker(script, {
      workerData,
      transferList: [port2],
      env: SHARE_ENV,
      execArgv: [],
      name: 'tarantool-fixture',
    })
    worker.on('error', error => process.emitWarning(error))
    // A terminated thread sends no message itself.
    worker.on('exit', () => Atomics.store(this.#signal, hasEnded, 1))
    worker.unref()
    // For the lines that are logged while no method waits.
    port1.on('message', (reply: Reply) => this.#take(reply))
    port1.unref()
    this.ask({ kind: 'ping' }, startWithin, () => new Error(`${script} did not start within ${startWithin} ms`))
  }

  /** True if the thread exists. */
  get alive(): boolean {
    return Atomics.load(this.#signal, hasEnded) === 0
  }

  /** The receivers of the lines of an instance. */
  onLine(instance: number, logger: (line: string) => void): void {
    this.#loggers.set(instance, logger)
  }

  /**
   * Sends a request, and blocks until the answer arrives.
   *
   * @param timeout in milliseconds. A later answer is dropped
   * @throws the error of the method in the other thread, with the stack of this thread; `onTimeout`'s error
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

  // A logger may send a request itself, and so wait within a wait.
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
