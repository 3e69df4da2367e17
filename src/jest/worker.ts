// The file in `setupFiles`: it runs before each test file is imported. Jest awaits the function that it exports.
import { beginTestFile } from '../handle/test-file.ts'
import { ticketsOfProject } from './tickets.ts'
import { endUnlessBegun } from './unbegun-file.ts'

const beginFile = async (): Promise<void> => {
  await beginTestFile(ticketsOfProject(__filename), Number(process.env.JEST_WORKER_ID ?? 1))
  endUnlessBegun()
}

export default beginFile
