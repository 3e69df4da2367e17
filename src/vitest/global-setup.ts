import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { SetupError } from '../errors.ts'
import type { BrokerTicket } from '../handle/worker-state.ts'
import { packageDirectory } from '../package-files.ts'
import type { ProvidedTarantool } from './context.ts'
import type { Run } from './run.ts'

export type Teardown = () => Promise<void>

// The built one first: a project of a user's has no other.
const workerFile = ['dist/vitest/worker.js', 'src/vitest/worker.ts']
  .map(name => join(packageDirectory, name))
  .find(path => existsSync(path))

// vitest list runs global setups on 3.2 and 4.1, and imports the test files; nothing else tells it apart.
const isListing = (): boolean => process.argv.slice(2).find(argument => !argument.startsWith('-')) === 'list'

// Vitest 5 calls a root setup once, for the root, whose projects all get it.
function projectsServed(project: TestProject): TestProject[] {
  const { projects } = project.vitest
  const isRoot = project.name === '' || !projects.includes(project)
  return isRoot && !projects.includes(project) ? [...projects] : [project]
}

interface Publication {
  readonly run: Run
  readonly ticket: BrokerTicket
}

const publications = new WeakMap<TestProject, Publication[]>()

function publish(project: TestProject, publication: Publication): void {
  const published = publications.get(project) ?? []
  // On Vitest 3 and 4 a root setup is called for the root, and again for each project.
  if (published.some(({ run }) => run === publication.run)) return
  for (const { ticket } of published) {
    const twice = ticket.servers.find(name => publication.ticket.servers.includes(name))
    if (twice === undefined) continue
    throw new SetupError(`two setups of this project have a server named '${twice}'`, {
      hint: 'Give one of them another name: { servers: { other: { … } } }. A root globalSetup counts for each project.',
    })
  }
  published.push(publication)
  publications.set(project, published)
  const tickets = published.map(({ ticket }) => ticket)
  project.provide('tarantool', { tickets } satisfies ProvidedTarantool as never)
  const { setupFiles } = project.config
  if (workerFile !== undefined && !setupFiles.includes(workerFile)) setupFiles.unshift(workerFile)
}

function withdraw(project: TestProject, publication: Publication): void {
  const published = publications.get(project)
  if (published?.includes(publication)) published.splice(published.indexOf(publication), 1)
}

function refuseBrowser(project: TestProject): void {
  if (project.config.browser?.enabled) {
    throw new SetupError(`project '${project.name}' runs in a browser, which cannot talk to Tarantool`, {
      hint: 'Name the setup in those projects only that run in Node.',
    })
  }
}

function watchFiles(project: TestProject, files: readonly string[]): void {
  const { config, vitest, vite } = project as TestProject & { vite?: { watcher?: { add(files: string[]): void } } }
  if (!vitest.config.watch) return
  config.forceRerunTriggers.push(...files)
  if (vitest.config !== (config as unknown)) vitest.config.forceRerunTriggers.push(...files)
  vite?.watcher?.add([...files])
}

/** What a global setup does for a project: servers, and what its workers need to find them. Returns the teardown. */
export async function setUpProject(project: TestProject, run: Run): Promise<Teardown> {
  const projects = projectsServed(project)
  for (const served of projects) refuseBrowser(served)
  const listing = isListing()
  const { broker, fixture } = await run.join(projects, { start: !listing })
  const ticket: BrokerTicket = {
    path: listing ? undefined : broker.path,
    servers: [...fixture.servers.keys()],
    lease: fixture.lease,
  }
  const publication = { run, ticket }
  const teardown = async (): Promise<void> => {
    for (const served of projects) withdraw(served, publication)
    const problems = await run.leave()
    // A teardown that throws would hide the results of the tests, and the teardowns of others.
    for (const problem of problems) console.error(`tarantool-fixture: ${(problem as Error).message ?? problem}`)
  }
  try {
    for (const served of projects) publish(served, publication)
  } catch (error) {
    await teardown()
    throw error
  }
  watchFiles(project, run.watchedFiles())
  project.onTestsRerun(() => run.beforeRerun())
  return teardown
}
