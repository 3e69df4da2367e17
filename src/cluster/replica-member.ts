import type { ResolvedMember } from '../config/resolve-replica-set.ts'
import type { Member } from './plan.ts'

/** A member of a replica set. */
export interface ReplicaMember extends Member, ResolvedMember {
  readonly uuid: string
  /** The member is added to a set that runs, and knows no data yet. */
  readonly isAdded: boolean
}

// Fixed, so that each set of one plan has the same data. The first member has the smallest UUID: of the writable members,
// Tarantool lets the one with the smallest make a new replica set.
export const uuidOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
export const uuidOfSet = '00000000-0000-4000-9000-000000000000'
