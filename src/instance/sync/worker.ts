// Runs in a separate thread, and owns the servers of the blocking instances of the thread that made it.
import { workerData } from 'node:worker_threads'
import type { InstanceOptions } from '../../config/options.ts'
import { TarantoolInstance } from '../instance.ts'
import type { TarantoolProcess } from '../process.ts'
import { fromClone, toClone } from './clone.ts'
import { hasEnded, messagesSent, type Reply, type Request, type Target, type ThreadData } from './messages.ts'

interface Owned {
  readonly instance: TarantoolInstance
  /** The objects that were requested. */
  readonly processes: TarantoolProcess[]
}

const { port, signal } = workerData as ThreadData
const owned = new Map<number, Owned>()

function send(reply: Reply): void {
  port.postMessage(reply)
  Atomics.add(signal, messagesSent, 1)
  Atomics.notify(signal, messagesSent)
}

// Otherwise the thread that waits for an answer would wait for ever.
process.on('exit', () => {
  Atomics.store(signal, hasEnded, 1)
  Atomics.add(signal, messagesSent, 1)
  Atomics.notify(signal, messagesSent)
})

function make(request: Request & { kind: 'new' }): void {
  const { instance: number, logs } = request
  const options = fromClone(request.options) as InstanceOptions
  const logger = (line: string): void => send({ instance: number, line })
  const instance = new TarantoolInstance(logs ? { ...options, logger } : options, fromClone(request.baseDir) as string)
  owned.set(number, { instance, processes: [] })
}

function find({ instance: number, part }: Target): { owner: Owned; object: object } {
  const owner = owned.get(number)
  const object = part === undefined ? owner?.instance : part === 'log' ? owner?.instance.log : owner?.processes[part]
  if (!owner || !object) throw new Error(`there is no instance ${number}, or no ${part} of it`)
  return { owner, object }
}

// An object that cannot leave this thread is known by a number.
function toSend({ instance, processes }: Owned, value: unknown): unknown {
  if (value === instance) return undefined
  if (value !== instance.process || value === undefined) return toClone(value)
  const known = processes.indexOf(instance.process as TarantoolProcess)
  return known >= 0 ? known : processes.push(instance.process as TarantoolProcess) - 1
}

async function answer(request: Request): Promise<unknown> {
  if (request.kind === 'ping') return undefined
  if (request.kind === 'port') return await TarantoolInstance.getRandomPort()
  if (request.kind === 'new') return make(request)
  const { owner, object } = find(request.target)
  const target = object as Record<string, unknown>
  const values = fromClone(request.values) as unknown[]
  if (request.kind === 'set') {
    target[request.name] = values[0]
    return undefined
  }
  if (request.kind === 'get') return toSend(owner, target[request.name])
  const method = target[request.name] as (...values: unknown[]) => unknown
  return toSend(owner, await method.apply(object, values))
}

port.on('message', (request: Request) => {
  const { id } = request
  answer(request).then(
    value => send({ id, value }),
    (error: unknown) => send({ id, error: toClone(error) }),
  )
})
