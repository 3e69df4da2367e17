import type { BrokerTicket } from '../broker/messages.ts'
import type { TarantoolAddress } from '../handle/environment.ts'

/**
 * The value of `inject('tarantool')`: the address of this worker's server `default`, and the address of each server by
 * its name.
 */
export interface TarantoolContext extends TarantoolAddress {
  /** Each of the project's servers, by its name. */
  readonly servers: { readonly [name: string]: TarantoolAddress }
}

/** The value that the main process provides under the same key. The setup file in the worker adds the addresses. */
export interface ProvidedTarantool {
  readonly tickets: BrokerTicket[]
}

declare module 'vitest' {
  export interface ProvidedContext {
    tarantool: TarantoolContext
  }
}
