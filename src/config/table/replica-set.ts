import * as v from 'valibot'
import type { ReplicationOptions } from '../replica-set-options.ts'
import type { Table } from './option.ts'
import { objectOf, text } from './types.ts'

/** Every option that makes a server a replica set. resolve-replica-set.ts looks for conflicts with other options. */
export const replicationOptions: Table<ReplicationOptions, 'failover'> = {
  replicas: {
    type: v.pipe(
      v.number(),
      v.integer('must be a whole number'),
      v.minValue(2, 'must be at least 2 (leave it out for a single server)'),
      // The vector clock of a replica set has room for so many.
      v.maxValue(31, 'must be at most 31'),
    ),
    takes: 'number',
    otherwise: 'none: a single server',
    doc: 'The number of members of a replica set. See [Clusters](clusters.md#replica-sets).',
  },
  failover: {
    type: v.picklist(['manual', 'election'], "must be 'manual' or 'election'"),
    takes: "'manual' | 'election'",
    default: 'manual',
    doc: "How the writable member is found. `'manual'`: `leader` names it. `'election'`: the members elect it, from Tarantool 2.6.1 on.",
  },
  leader: {
    type: text,
    takes: 'string',
    otherwise: 'the first member',
    doc: "The writable member, with failover `'manual'`.",
  },
  members: {
    type: objectOf(v.looseObject({})),
    takes: '{ [name]: options }',
    otherwise: 'none',
    doc: 'Options of single members, by their names. See [Clusters](clusters.md#options-of-a-replica-set).',
  },
}
