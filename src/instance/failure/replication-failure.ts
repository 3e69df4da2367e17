import { ReplicationError } from '../../errors.ts'
import { asPlainLine } from '../../log/plain-line.ts'
import type { ServerDetails } from './details.ts'

const withoutWal = "Replication does not support wal_mode = 'none'"
// The line with which a fiber that replicates reports an error of its source. Newer versions append the error as JSON.
const complaint = /\/applier\/(\S+) \S+ (?:E|!)> (.*?)(?: \{"type":.*)?$/

/** The last report of a server about a source from which it could not replicate. */
function lastComplaint(logTail: readonly string[]): { source: string; reason: string } | undefined {
  for (const line of logTail.map(asPlainLine).reverse()) {
    const [, source, reason] = complaint.exec(line) ?? []
    if (source !== undefined && reason !== undefined && !reason.startsWith('Applier to')) return { source, reason }
  }
  return undefined
}

/** True if a line of a replica's log says that waiting is useless. Newer versions try for ever. */
export const saysNeverToReplicate = (line: string): boolean => line.includes(withoutWal)

/** Gives the advice for a replica set that has members that the ended server does not know. */
export function membersHint(logTail: readonly string[]): string | undefined {
  // From 2.11 on: a replica that starts with an empty directory is another member, and its predecessor is missing. The
  // panic after this line need not name the reason, because the thread that joins can panic first.
  return logTail.some(line => line.includes('Not all replica set members listed'))
    ? "replicationSource has to name every member; boxCfg: { bootstrap_strategy: 'legacy' } asks for one only."
    : undefined
}

/** Makes an error of a source that can never work. */
export function errorOfSource(context: ServerDetails): ReplicationError {
  const { source = 'its source', reason = withoutWal } = lastComplaint(context.logTail) ?? {}
  return new ReplicationError(`${context.instance} cannot replicate from ${source}: ${reason}`, {
    ...context,
    hint: reason.includes(withoutWal)
      ? "The source needs walMode: 'write' (the fixture's default is 'none')."
      : undefined,
  })
}

/** The text that names what a replica waits for, to append to a sentence. Empty if the log does not say. */
export function waitsForSource(logTail: readonly string[], replicationSource: string | readonly string[]): string {
  const { source, reason } = lastComplaint(logTail) ?? {}
  if (source === undefined) return `; it replicates from ${[replicationSource].flat().map(withoutPassword).join(', ')}`
  return `: it cannot replicate from ${source}: ${reason}`
}

const withoutPassword = (uri: string): string => uri.replace(/^([^@:/]+):[^@]*@/, '$1@')
