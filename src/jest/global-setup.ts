import { existsSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { Run, type RunOptions, type Workers } from '../broker/run.ts'
import { SetupError } from '../errors.ts'
import { packageDirectory } from '../package-files.ts'
import { processWide } from '../process-wide.ts'
import { type JestTicket, markedPath, readTickets, writeTickets } from './tickets.ts'
import { versionsIn } from './versions.ts'

/** What a global setup gets of Jest's configuration, as far as it is looked at here. */
export interface GlobalConfig {
  /** As many workers as may run at a time. */
  readonly maxWorkers: number
  /** The directory of the whole run. */
  readonly rootDir: string
  /** The directories, or config files, of the projects. */
  readonly projects?: readonly unknown[] | undefined
  /** The file that is to end what the setup starts. */
  readonly globalTeardown?: string | null | undefined
  /** What was named on the command line: the run has not all test files. */
  readonly nonFlagArgs?: readonly string[] | undefined
  /** The number of failed tests after which the run ends; 0 for no limit. */
  readonly bail?: number | undefined
  /** All tests run in the main process. */
  readonly runInBand?: boolean | undefined
}

/** The same of a project's. */
export interface ProjectConfig {
  /** The project's own directory: relative paths in the config are relative to it. */
  readonly rootDir: string
  /** The file of the setup that runs. */
  readonly globalSetup?: string | null | undefined
  /** The file that is to end what the setup starts. */
  readonly globalTeardown?: string | null | undefined
  /** The file of the test runner. */
  readonly testRunner?: string | undefined
  /** Files that run before each test file; the setup adds one. */
  readonly setupFiles: string[]
  /** Global variables of its test files: the setup looks for the project's version there. */
  readonly globals?: object | undefined
  /** Files that run after those, with hooks at hand; the setup adds one. */
  readonly setupFilesAfterEnv: string[]
}

const runs = processWide('jest.runs', () => new Map<string, Run[]>())

// Jest knows no way to evaluate an ES module in a worker without a flag of Node's. Only the built files are CommonJS.
const directory = join(packageDirectory, 'dist/jest')
const workerFile = join(directory, 'worker.cjs')
const hooksFile = join(directory, 'hooks.cjs')

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
      hint: "Take testRunner out of the Jest config: jest-circus is Jest's own since version 27.",
    })
  }
  if (!existsSync(workerFile)) throw new SetupError(`there is no ${workerFile}: the package is not built`)
}

// A run of a few files runs them in band, and the broker starts more when they are asked for. The files of several versions
// are run side by side, so the versions share the workers.
function workersOf({ maxWorkers, nonFlagArgs = [], runInBand }: GlobalConfig, versions: number): Workers {
  const busy = runInBand || nonFlagArgs.length > 0 ? 1 : Math.max(1, maxWorkers)
  return { busy, ahead: Math.ceil(busy / versions) }
}

/** What a global setup does: servers, and what the workers need to find them. */
export async function setUp(options: RunOptions, global: GlobalConfig, project: ProjectConfig): Promise<void> {
  check(global, project)
  const setup = project.globalSetup ?? options.configFile ?? options.baseDir
  // One that no teardown has ended: there are never two.
  await end(setup)
  const { version, versions = [undefined] } = versionsIn(project.globals) ?? {}
  // Jest runs the setup for one project, although it is also that of the other versions.
  const bails = (global.bail ?? 0) > 0
  try {
    for (const each of versions) {
      const run = new Run({ ...options, tellsInFull: bails, version: each })
      runs.set(setup, [...(runs.get(setup) ?? []), run])
      const start = each === version || !isSelective()
      const workers = workersOf(global, isSelective() ? 1 : versions.length)
      await run.begin(async () => workers, { start, versions: versions.filter(name => name !== undefined) })
      addTicket(setup, { ...(await run.ticket()), bails, version: each })
    }
  } catch (error) {
    await end(setup)
    throw error
  }
  addFiles(project, setup)
}

// Jest does not tell a setup which projects were chosen. The servers of the others are then not started ahead.
const isSelective = (): boolean => process.argv.some(argument => /^--(?:select|ignore)-?projects/i.test(argument))

function addTicket(setup: string, ticket: JestTicket): void {
  const { [setup]: former = [], ...others } = readTickets()
  writeTickets({ ...others, [setup]: [...former, ticket] })
}

// The configuration is frozen, but not its lists, and they are what workers get.
function addFiles({ setupFiles, setupFilesAfterEnv }: ProjectConfig, setup: string): void {
  // The user's, and of an earlier run in watch mode.
  for (let at = setupFiles.length - 1; at >= 0; at--) {
    if (normalize(setupFiles[at] ?? '') === workerFile) setupFiles.splice(at, 1)
  }
  setupFiles.unshift(markedPath(directory, 'worker.cjs', setup))
  if (!setupFilesAfterEnv.includes(hooksFile)) setupFilesAfterEnv.unshift(hooksFile)
}

async function end(setup: string): Promise<void> {
  const ended = runs.get(setup) ?? []
  runs.delete(setup)
  const { [setup]: _, ...others } = readTickets()
  writeTickets(others)
  // What throws here would hide the results of the tests, and other teardowns.
  const problems = await Promise.all(ended.map(async run => await run.end()))
  for (const problem of problems.flat()) {
    console.error(`tarantool-fixture: ${(problem as Error).message ?? problem}`)
  }
}

/** Ends the servers of all setups. */
export async function tearDown(): Promise<void> {
  await Promise.all([...runs.keys()].map(end))
}
