import type { ShownError } from './failure-log.ts'
import { reportServers } from './server-report.ts'
import { workerServers } from './worker-servers.ts'
import { workerState } from './worker-state.ts'

/** Failed hooks of a suite whose changes are still there. */
export interface FailedSuite {
  /** The name of the suite, after those of the suites around it. */
  readonly name: string
  readonly errors: readonly ShownError[]
  /** True if no test of the file follows. */
  readonly isLast: () => boolean | Promise<boolean>
}

/**
 * Called after the last hook of a suite and before its changes are undone, if a hook has failed.
 *
 * @throws ServerExitedError if a server has died
 */
export async function reportSuite({ name, errors, isLast }: FailedSuite): Promise<void> {
  const { scope } = workerState()
  for (const server of workerServers()) server.faults?.explain(scope, errors)
  await reportServers(
    workerServers().filter(({ isolated }) => isolated.watch.life.is !== 'crashed'),
    {
      ...{ scope, errors, isLast, test: () => `a hook of ${name}` },
      ...{ when: 'outside the tests', logWhen: 'during this file' },
      logSince: server => server.marks.first,
    },
  )
}
