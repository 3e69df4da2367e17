import type { Trace } from '../../trace.ts'
import type { MemberAgent } from './member-agent.ts'
import type { StartAgain } from './newcomers.ts'

/** The inputs of a replica set's reset, besides its members. */
export interface SetContext {
  readonly name: string
  /** The member that leads at the beginning. */
  readonly leader: MemberAgent | undefined
  /** The queue of synchronous transactions has an owner at the beginning. */
  readonly isOwned: boolean
  /** In milliseconds. */
  readonly timeout: number
  readonly start: StartAgain
  /** All members can begin with the data that the cluster began with. */
  readonly hasTemplate: boolean
  /** The config has changed below a level. So a new process, which reads it, may have the state that a member had. */
  readonly isConfigChangedBelow: (level: number) => boolean
  readonly trace: Trace
}
