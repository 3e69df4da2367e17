import { ReplicationError } from '../../errors.ts'
import { asPlainLine } from '../../log/plain-line.ts'
import type { ServerDetails } from './details.ts'

const withoutWal = "Replication does not support wal_mode = 'none'"
// What a fiber that replicates says of its source; newer versions have the error as JSON behind its text.
const complaint = /\/applier\/(\S+) \S+ (?:E|!)> (.*?)(?: \{"type":.*)?$/

/** The last thing that a server said of a source which it could not replicate from. */
function lastComplaint(logTail: readonly string[]): { source: string; reason: string } | undefined {
  for (const line of logTail.map(asPlainLine).reverse()) {
    const [, source, reason] = complaint.exec(line) ?? []
    if (source !== undefined && reason !== undefined && !reason.startsWith('Applier to')) return { source, reason }
  }
  return undefined
}

/** Whether a line of a replica's log says that no waiting will help: newer versions try on for ever. */
export const saysNeverToReplicate = (line: string): boolean => line.includes(withoutWal)

/** Says what to do when a replica set has members that the ended server does not know. */
export function membersHint(logTail: readonly string[]): string | undefined {
  // From 2.11 on: a replica that was made anew is another member, and the one before it is missing. The panic that follows
  // this line need not name the reason: the thread that joins can panic first.
  return logTail.some(line => line.includes('Not all replica set members listed'))
    ? "replicationSource has to name every member; boxCfg: { bootstrap_strategy: 'legacy' } asks for one only."
    : undefined
}

/** Makes an error of a source that will never be one. */
export function errorOfSource(context: ServerDetails): ReplicationError {
  const { source = 'its source', reason = withoutWal } = lastComplaint(context.logTail) ?? {}
  return new ReplicationError(`${context.instance} cannot replicate from ${source}: ${reason}`, {
    ...context,
    hint: reason.includes(withoutWal)
      ? "What is replicated from needs walMode: 'write' (the fixture's default is 'none')."
      : undefined,
  })
}

/** What a replica that is not ready waits for, to be put behind a sentence; nothing where the log does not tell. */
export function waitsForSource(logTail: readonly string[], replicationSource: string | readonly string[]): string {
  const { source, reason } = lastComplaint(logTail) ?? {}
  if (source === undefined) return `; it replicates from ${[replicationSource].flat().map(withoutPassword).join(', ')}`
  return `: it cannot replicate from ${source}: ${reason}`
}

const withoutPassword = (uri: string): string => uri.replace(/^([^@:/]+):[^@]*@/, '$1@')
