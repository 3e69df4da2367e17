import { type Changes, type ChangesOptions, changesNotRecorded, limitOf, readChanges } from '../isolation/changes.ts'
import type { AgentReply } from '../isolation/server.ts'
import { loadModule } from '../load-module.ts'
import type { LeasedServer } from './leased-server.ts'

const restarted: AgentReply = { lost: 'the server was restarted, or another one has replaced it' }

// @throws NotRecordedError
function requireRecords({ info }: LeasedServer): void {
  const { fingerprint, memberOf, records } = info
  if (!records && memberOf === undefined) {
    const why = "its config has isolation 'none', 'restart' or 'process'"
    throw changesNotRecorded(fingerprint, why, "Give it, or this file's useTarantool(), isolation: 'reset' or 'file'.")
  }
}

// The leader of a replica set has all that is replicated. Another member may not have it yet, or may have ended.
async function leadOf(server: LeasedServer): Promise<LeasedServer> {
  if (server.leader === undefined) return server
  const { findLead } = await loadModule(() => import('./cluster-calls.ts'))
  return await findLead(server, false)
}

/** The changes that `reset()` would undo here: those of a server, or of the leader. @throws NotRecordedError, InvalidOptionError */
export async function changesForTest(server: LeasedServer, options: ChangesOptions): Promise<Changes> {
  limitOf(options)
  requireRecords(server)
  return await changesIn(await leadOf(server), options)
}

/**
 * The changes that a server itself has recorded. @throws NotRecordedError, InvalidOptionError
 *
 * @param isUrgent asks the server at once, beside other operations
 */
export async function changesIn(server: LeasedServer, options: ChangesOptions, isUrgent = false): Promise<Changes> {
  const limit = limitOf(options)
  requireRecords(server)
  const { isolated } = server.face ?? server
  const reply = await isolated.withRecords(
    async (_, { unchanged }) => (unchanged === undefined ? restarted : await server.changes(unchanged, limit)),
    isUrgent,
  )
  return readChanges(reply, server.info.fingerprint)
}

/** The changes that one piece of code makes. @throws NotRecordedError, InvalidOptionError, and the code's own error */
export async function changesOfCode(
  server: LeasedServer,
  code: () => unknown,
  options: ChangesOptions,
): Promise<Changes> {
  const limit = limitOf(options)
  requireRecords(server)
  const { isolated } = server.face ?? server
  const began = await isolated.withRecords(async (_, levels) => ({ reply: await levels.nest(), era: levels.era }))
  await code()
  // The code may have moved the leader.
  const lead = await leadOf(server)
  const reply = await isolated.withRecords(async (_, { era }) => {
    if (began.reply.lost !== undefined) return began.reply
    if (era !== began.era) return { lost: 'the server was reset or restarted meanwhile' }
    return await lead.changes(began.reply.kept?.length ?? 0, limit)
  })
  return readChanges(reply, lead.info.fingerprint)
}
