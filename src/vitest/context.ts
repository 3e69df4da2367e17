import type { BrokerTicket } from '../broker/messages.ts'
import type { TarantoolAddress } from '../handle/environment.ts'

/** What `inject('tarantool')` gives: the address of this worker's server, and of each by its name. */
export interface TarantoolContext extends TarantoolAddress {
  /** Each of the project's servers, by its name. */
  readonly servers: { readonly [name: string]: TarantoolAddress }
}

/** What the main process provides under the same key; the setup file in the worker adds the addresses. */
export interface ProvidedTarantool {
  readonly tickets: BrokerTicket[]
}

declare module 'vitest' {
  export interface ProvidedContext {
    tarantool: TarantoolContext
  }
}
