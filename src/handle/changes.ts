import { type Changes, type ChangesOptions, changesNotRecorded, limitOf, readChanges } from '../isolation/changes.ts'
import type { AgentReply } from '../isolation/server.ts'
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

/**
 * The changes that `reset()` would undo here. @throws NotRecordedError, InvalidOptionError
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
  const reply = await isolated.withRecords(async (_, { era }) => {
    if (began.reply.lost !== undefined) return began.reply
    if (era !== began.era) return { lost: 'the server was reset or restarted meanwhile' }
    return await server.changes(began.reply.kept?.length ?? 0, limit)
  })
  return readChanges(reply, server.info.fingerprint)
}
