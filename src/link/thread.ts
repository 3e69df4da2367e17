import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { LinkError } from '../errors.ts'
import { packageDirectory } from '../package-files.ts'
import { type LinkReply, type LinkRequest, type NumberedRequest, threadName } from './messages.ts'

// Node itself runs this file, and Node reads no TypeScript. So the built file runs even if the sources run here.
const script = join(packageDirectory, 'dist/link/worker.js')

/** The advice after the end of a link's thread. */
const startAgain = 'restart() of the server, or of the whole cluster, opens its links again.'

interface Pending {
  resolve(): void
  reject(error: Error): void
}

/** A thread that runs links. It keeps Node alive only during a request. */
export class LinkThread {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #ended: LinkError | undefined

  constructor() {
    if (!existsSync(script)) {
      throw new LinkError(`links cannot run, because ${script} does not exist`, {
        hint: 'Install the package again. In its repository, build it: npm run build.',
      })
    }
    this.#worker = new Worker(script, { execArgv: [], name: threadName })
    this.#worker.unref()
    this.#worker.on('message', (reply: LinkReply) => this.#take(reply))
    this.#worker.on('error', error => this.#end(error))
    this.#worker.on('exit', () => this.#end())
  }

  get alive(): boolean {
    return this.#ended === undefined
  }

  /** @throws the system's error; LinkError if the thread has ended */
  async ask(request: LinkRequest): Promise<void> {
    if (this.#ended) throw this.#ended
    const id = ++this.#lastId
    const answered = new Promise<void>((resolve, reject) => this.#pending.set(id, { resolve, reject }))
    this.#worker.ref()
    this.#worker.postMessage({ ...request, id } satisfies NumberedRequest)
    await answered
  }

  #take({ id, failure }: LinkReply): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (this.#pending.size === 0) this.#worker.unref()
    if (failure) pending?.reject(Object.assign(new Error(failure.message), { code: failure.code }))
    else pending?.resolve()
  }

  #end(cause?: Error): void {
    const why = cause ? `: ${cause.message}` : ''
    this.#ended ??= new LinkError(`the thread that passes data through links has ended${why}`, {
      hint: startAgain,
      cause,
    })
    for (const { reject } of this.#pending.values()) reject(this.#ended)
    this.#pending.clear()
  }
}

let current: LinkThread | undefined

/** The thread of this process's links. */
export function linkThread(): LinkThread {
  if (!current?.alive) current = new LinkThread()
  return current
}
