/** What a request is about: an instance, one of its processes, or its log. */
export interface Target {
  readonly instance: number
  /** The number of a process in the order in which the instance handed them out; or its log. */
  readonly part?: number | 'log' | undefined
}

/** From the thread that waits to the one that owns the servers. What `toClone` made of values is unknown here. */
export type Request =
  | { readonly id: number; readonly kind: 'ping' }
  | { readonly id: number; readonly kind: 'port' }
  | {
      readonly id: number
      readonly kind: 'new'
      readonly instance: number
      readonly options: unknown
      readonly baseDir: unknown
      readonly logs: boolean
    }
  | {
      readonly id: number
      readonly kind: 'get' | 'set' | 'call'
      readonly target: Target
      readonly name: string
      readonly values: unknown
    }

/** The way back. */
export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: unknown }
  | { readonly instance: number; readonly line: string }

/** What the thread is given when it is made. */
export interface ThreadData {
  readonly port: import('node:worker_threads').MessagePort
  /** Two integers: how many messages came, and whether the thread has ended. */
  readonly signal: Int32Array
}

/** The places in `signal`. */
export const messagesSent = 0
export const hasEnded = 1
