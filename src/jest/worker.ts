// The code that runs before each test file is imported. The file that the global setup generates for `setupFiles` calls
// it. If Jest runs the setup for another project, this file is itself in the list. Jest awaits the function that a file
// exports.
import { beginTestFile } from '../handle/test-file.ts'
import { workerState } from '../handle/worker-state.ts'
import { expectSetup } from './file-start.ts'
import { ticketsOfProject } from './tickets.ts'
import { versionsIn } from './versions.ts'

const beginFile = async (setup?: string): Promise<void> => {
  const version = versionsIn(globalThis)?.version
  // A server that a test starts itself also has the project's version.
  if (version !== undefined) process.env.TARANTOOL_FIXTURE_VERSION = version
  const tickets = ticketsOfProject(setup, version)
  try {
    await beginTestFile(tickets, Number(process.env.JEST_WORKER_ID ?? 1))
  } catch (error) {
    if (!tickets.some(({ bails }) => bails)) throw error
    workerState().refusal = error as Error
  }
  expectSetup()
}

export default beginFile
