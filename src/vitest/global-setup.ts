import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { Run } from '../broker/run.ts'
import type { RunSource } from '../broker/run-options.ts'
import { Runs } from '../broker/runs.ts'
import { SetupError } from '../errors.ts'
import { packageDirectory } from '../package-files.ts'
import { openReport } from '../report/index.ts'
import { Bail } from './bail.ts'
import { showHeldAfterRuns } from './held-servers.ts'
import { publish, withdraw } from './publication.ts'
import { writeAfterRuns } from './run-report.ts'
import { countVersions, versionOf } from './versions.ts'
import { watchFiles } from './watched-files.ts'
import { workersOf } from './workers.ts'

type Teardown = () => Promise<void>

// The built file comes first: a user's project has no other.
const workerFile = ['dist/vitest/worker.js', 'src/vitest/worker.ts']
  .map(name => join(packageDirectory, name))
  .find(path => existsSync(path))

// vitest list runs global setups on 3.2 and 4.1, and imports the test files. Nothing else tells it from a run.
const isListing = (): boolean => process.argv.slice(2).find(argument => !argument.startsWith('-')) === 'list'

// A root that has projects runs no tests itself: its setup serves the projects. Vitest 5 calls the setup for the root
// only.
function projectsServed(project: TestProject): TestProject[] {
  const { projects } = project.vitest
  return projects.includes(project) ? [project] : [...projects]
}

/**
 * The directory that relative paths in a project's config start from: the root of the project that names the setup. If
 * the project has the setup from the root's config, it is the root's directory.
 */
export function baseDirectory(project: TestProject): string {
  const { config, vitest } = project
  const filesOf = (setup: string | string[] | undefined): string[] => [setup ?? []].flat()
  const inherited = filesOf(vitest.config.globalSetup)
  return filesOf(config.globalSetup).some(file => inherited.includes(file)) ? vitest.config.root : config.root
}

/** @throws SetupError under another runner */
export function checkRunner(project: TestProject | undefined): void {
  if (project?.vitest !== undefined) return
  throw new SetupError('tarantool-fixture/vitest/setup is for Vitest, and another runner has called it', {
    hint: "For Jest: preset: 'tarantool-fixture', or globalSetup: 'tarantool-fixture/jest/setup'.",
  })
}

function refuseBrowser(project: TestProject): void {
  if (project.config.browser?.enabled) {
    throw new SetupError(`project '${project.name}' runs in a browser, which cannot talk to Tarantool`, {
      hint: 'Name the setup only in projects that run in Node.',
    })
  }
}

function addSetupFile({ config }: TestProject): void {
  if (workerFile === undefined) return
  // Vitest leaves a library's file to Node, and evaluates inline files itself. Node evaluates a module once, so a
  // worker that is not isolated would not evaluate it for each test file.
  const file = `${workerFile}?inline`
  if (!config.setupFiles.includes(file)) config.setupFiles.unshift(file)
  // The user's setup files find the address there, so the fixture's setup file must end before they begin.
  config.sequence.setupFiles = 'list'
}

// Each version has a run of its own. A root's setup is for all of its projects.
function byVersion(projects: readonly TestProject[]): Map<string | undefined, TestProject[]> {
  const groups = new Map<string | undefined, TestProject[]>()
  for (const project of projects) {
    const version = versionOf(project)
    groups.set(version, [...(groups.get(version) ?? []), project])
  }
  return groups
}

/**
 * The work of a global setup for a project: it makes servers, and provides the information with which workers find
 * them. Returns the teardown.
 */
export async function setUpProject(project: TestProject, source: RunSource): Promise<Teardown> {
  const { vitest } = project
  const served = projectsServed(project)
  for (const each of served) refuseBrowser(each)
  const teardowns: Teardown[] = []
  const teardown = async (): Promise<void> => {
    for (const end of teardowns) await end()
  }
  try {
    for (const [version, projects] of byVersion(served)) {
      const run = Runs.of(vitest).find(source, {
        ...{ version, watches: vitest.config.watch, observe: () => new Bail(vitest) },
        openReport: isListing() ? undefined : openReport,
      })
      teardowns.push(await setUpRun(project, projects, run))
    }
  } catch (error) {
    await teardown()
    throw error
  }
  return teardown
}

async function setUpRun(project: TestProject, projects: readonly TestProject[], run: Run): Promise<Teardown> {
  const listing = isListing()
  const versions = run.version === undefined ? 1 : countVersions(project.vitest)
  await run.join({ workers: await workersOf(projects), start: !listing, versions })
  const publishAll = async (): Promise<void> => {
    const ticket = await run.ticket()
    for (const served of projects) publish(served, run, listing ? { ...ticket, path: undefined } : ticket)
    watchFiles(project, run)
    writeAfterRuns(project.vitest, run)
  }
  const teardown = async (): Promise<void> => {
    for (const served of projects) withdraw(served, run)
    await run.leave()
  }
  try {
    await publishAll()
  } catch (error) {
    await teardown()
    throw error
  }
  for (const served of projects) addSetupFile(served)
  showHeldAfterRuns(project.vitest, run)
  project.onTestsRerun(async () => {
    await run.beforeRerun()
    await publishAll()
  })
  return teardown
}
