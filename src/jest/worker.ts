// The file in `setupFiles`: it runs before each test file is imported. Jest awaits the function that it exports.
import { beginTestFile } from '../handle/test-file.ts'
import { workerState } from '../handle/worker-state.ts'
import { expectSetup } from './file-start.ts'
import { ticketsOfProject } from './tickets.ts'

const beginFile = async (): Promise<void> => {
  const tickets = ticketsOfProject(__filename)
  try {
    await beginTestFile(tickets, Number(process.env.JEST_WORKER_ID ?? 1))
  } catch (error) {
    if (!tickets.some(({ bails }) => bails)) throw error
    workerState().refusal = error as Error
  }
  expectSetup()
}

export default beginFile
