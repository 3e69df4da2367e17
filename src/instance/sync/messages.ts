/** The object of a request: an instance, one of its processes, or its log. */
export interface Target {
  readonly instance: number
  /** The number of a process, in the order in which the instance returned them; or the instance's log. */
  readonly part?: number | 'log' | undefined
}

/**
 * A message from the waiting thread to the thread that owns the servers. `toClone` has converted its values to unknown
 * types.
 */
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

/** A message in the other direction. */
export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: unknown }
  | { readonly instance: number; readonly line: string }

/** The data that the thread gets when it is made. */
export interface ThreadData {
  readonly port: import('node:worker_threads').MessagePort
  /** Two integers: the number of messages that came, and whether the thread has ended. */
  readonly signal: Int32Array
}

/** The places in `signal`. */
export const messagesSent = 0
export const hasEnded = 1
