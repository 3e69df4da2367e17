import type { ResolvedFixture } from '../config/fixture-config.ts'
import type { CoverageSession } from '../coverage/session.ts'

/**
 * Lets the servers of this process and of its workers count lines from then on, if the config says so.
 *
 * @param run the run that joins. The last run that leaves makes the reports
 */
export async function joinCoverage(
  run: object,
  { coverage, servers }: ResolvedFixture,
): Promise<CoverageSession | undefined> {
  const [server] = servers.values()
  if (!coverage || !server) return undefined
  // The code is loaded only if lines are counted.
  const { coverageSession } = await import('../coverage/session.ts')
  const session = coverageSession()
  session.join(run, { coverage, server })
  return session
}
