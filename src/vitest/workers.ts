import { availableParallelism } from 'node:os'
import type { TestProject, Vitest } from 'vitest/node'
import type { Workers } from '../broker/workers.ts'

interface PoolSettings {
  readonly maxForks?: number
  readonly maxThreads?: number
  readonly singleFork?: boolean
  readonly singleThread?: boolean
}

interface WorkerSettings {
  readonly pool?: string
  readonly watch?: boolean
  readonly maxWorkers?: unknown
  readonly fileParallelism?: boolean
  readonly poolOptions?: Readonly<Record<string, PoolSettings | undefined>>
}

// Vitest's own default: one thread for the main process. In watch mode, half of the threads are for the editor.
function defaultWorkers(watch: boolean): number {
  const threads = availableParallelism()
  return watch ? Math.max(Math.floor(threads / 2), 1) : Math.max(threads - 1, 1)
}

const asNumber = (value: unknown): number | undefined =>
  value === undefined || value === null || Number.isNaN(Number(value)) ? undefined : Number(value)

// In Vitest 3 each pool has limits. The root's config sets them, and they override maxWorkers.
function poolLimit(pool: string, { version, config }: Vitest): number | undefined {
  if (!version.startsWith('3.')) return undefined
  const settings = (config as unknown as WorkerSettings).poolOptions?.[pool]
  if (settings?.singleFork || settings?.singleThread) return 1
  return asNumber(settings?.maxForks ?? settings?.maxThreads)
}

// Vitest 4 leaves maxWorkers undefined unless it is set. Its type says otherwise.
function maxWorkers(project: TestProject, vitest: Vitest): number {
  const config = project.config as unknown as WorkerSettings
  const root = vitest.config as unknown as WorkerSettings
  if (config.fileParallelism === false) return 1
  return (
    poolLimit(config.pool ?? 'forks', vitest) ||
    asNumber(config.maxWorkers) ||
    asNumber(root.maxWorkers) ||
    defaultWorkers(root.watch === true)
  )
}

/** The number of a project's test files that this run is going to run; infinity if Vitest does not tell. */
async function countTestFiles(project: TestProject, vitest: Vitest): Promise<number> {
  try {
    const { filenamePattern } = vitest as unknown as { filenamePattern?: string[] }
    const { testFiles } = await project.globTestFiles(filenamePattern)
    return testFiles.length
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** The workers of each project's test files. */
export async function workersOf(projects: readonly TestProject[]): Promise<Map<TestProject, Workers>> {
  const count = async (project: TestProject): Promise<[TestProject, Workers]> => {
    const { vitest } = project
    return [project, { most: maxWorkers(project, vitest), files: await countTestFiles(project, vitest) }]
  }
  return new Map(await Promise.all(projects.map(count)))
}
