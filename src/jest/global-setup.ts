import type { RunSource } from '../broker/run-options.ts'
import { Runs } from '../broker/runs.ts'
import type { Workers } from '../broker/workers.ts'
import { SetupError } from '../errors.ts'
import { openReport } from '../report/index.ts'
import { addSetupFiles, checkBuilt } from './setup-files.ts'
import { addTicket, withdrawAllTickets, withdrawTickets } from './tickets.ts'
import type { GlobalConfig, ProjectConfig } from './types.ts'
import { versionsIn } from './versions.ts'

/** @throws SetupError under another runner */
export function checkProject(project: ProjectConfig | undefined): void {
  if (project?.setupFiles !== undefined) return
  throw new SetupError('tarantool-fixture/jest/setup is for Jest, and another runner has called it', {
    hint: "For Vitest: globalSetup: 'tarantool-fixture/vitest/setup'.",
  })
}

function check(global: GlobalConfig, project: ProjectConfig): void {
  checkProject(project)
  if (!(global.globalTeardown || project.globalTeardown)) {
    throw new SetupError(
      'the Jest config has a globalSetup that starts servers, and no globalTeardown that ends them',
      {
        hint: "Add globalTeardown: 'tarantool-fixture/jest/teardown'.",
      },
    )
  }
  if (project.testRunner?.includes('jest-jasmine2')) {
    throw new SetupError('tarantool-fixture needs the test runner jest-circus, and this project uses jest-jasmine2', {
      hint: "Remove testRunner from the Jest config: jest-circus is Jest's default since version 27.",
    })
  }
  checkBuilt()
}

// A run of a few files runs them in band. The broker starts more servers when they are requested.
function workersOf({ maxWorkers, nonFlagArgs = [], runInBand }: GlobalConfig): Workers {
  const most = runInBand || nonFlagArgs.length > 0 ? 1 : Math.max(1, maxWorkers)
  return { most, files: Number.POSITIVE_INFINITY }
}

// Jest does not tell a setup which projects were chosen. So the servers of other projects are not started ahead.
const isSelective = (): boolean => process.argv.some(argument => /^--(?:select|ignore)-?projects/i.test(argument))

// Jest gives its setups and its teardown no common object for the run. A process has one run at a time.
const runsOfProcess = (): Runs => Runs.of(process)

async function end(setup: string): Promise<void> {
  withdrawTickets(setup)
  await runsOfProcess().endSetup(setup)
}

/** The work of a global setup: it makes servers, and the information that the workers need to find them. */
export async function setUp(
  from: Omit<RunSource, 'identity'>,
  global: GlobalConfig,
  project: ProjectConfig,
): Promise<void> {
  check(global, project)
  const setup = project.globalSetup ?? from.configFile ?? from.baseDir
  // Jest runs the setup for one project, although the projects of other versions share the setup.
  const { version, versions = [undefined] } = versionsIn(project.globals) ?? {}
  const bails = (global.bail ?? 0) > 0
  const watches = global.watch === true || global.watchAll === true
  const workers = new Map([[project, workersOf(global)]])
  // The previous run, if no teardown has ended it. There are never two.
  await end(setup)
  const source = { ...from, identity: setup }
  const options = { tellsInFull: bails, watches, openReport }
  const runs = versions.map(each => runsOfProcess().find(source, { ...options, version: each }))
  try {
    for (const run of runs) {
      const start = run.version === version || !isSelective()
      await run.join({ workers, start, versions: isSelective() ? 1 : versions.length })
      addTicket(setup, { ...(await run.ticket()), bails, version: run.version })
    }
  } catch (error) {
    await end(setup)
    throw error
  }
  addSetupFiles(project, setup)
}

/** Ends the servers of all setups. In watch mode, the servers that are held last until the next setup. */
export async function tearDown(): Promise<void> {
  withdrawAllTickets()
  await runsOfProcess().restAll()
}
