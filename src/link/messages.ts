import type { Condition, Fault } from './fault.ts'
import type { LinkEnds } from './proxy.ts'

/** The thread's file runs as a worker thread of this name only. */
export const threadName = 'tarantool-fixture links'

/** A request to the thread. `link` is the number of a link. */
export type LinkRequest =
  | { readonly kind: 'add'; readonly link: number; readonly ends: LinkEnds; readonly condition: Condition }
  | { readonly kind: 'open'; readonly link: number }
  | { readonly kind: 'make'; readonly link: number; readonly fault: Fault }
  | { readonly kind: 'close'; readonly link: number }
  | { readonly kind: 'end'; readonly link: number }

/** A request with its number. */
export type NumberedRequest = LinkRequest & { readonly id: number }

/** An error of the system. */
interface LinkFailure {
  readonly message: string
  readonly code: string | undefined
}

export interface LinkReply {
  readonly id: number
  readonly failure?: LinkFailure | undefined
}
