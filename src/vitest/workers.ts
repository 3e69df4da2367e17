import { availableParallelism } from 'node:os'
import type { TestProject, Vitest } from 'vitest/node'

interface PoolSettings {
  readonly maxForks?: number
  readonly maxThreads?: number
}

// Vitest's own default: one thread for the main process, and in watch mode half of them for the editor.
function defaultWorkers(watch: boolean): number {
  const threads = availableParallelism()
  return watch ? Math.max(Math.floor(threads / 2), 1) : Math.max(threads - 1, 1)
}

const asNumber = (value: unknown): number | undefined =>
  value === undefined || value === null || Number.isNaN(Number(value)) ? undefined : Number(value)

// Vitest 3.2 has its limits by pool; 4.x leaves maxWorkers undefined unless it is set, whatever its type says.
function maxWorkers(project: TestProject, vitest: Vitest): number {
  const config = project.config as unknown as {
    pool?: string
    maxWorkers?: unknown
    fileParallelism?: boolean
    poolOptions?: Record<string, PoolSettings | undefined>
  }
  if (config.fileParallelism === false) return 1
  const pool = config.poolOptions?.[config.pool ?? 'forks']
  const vitestConfig = vitest.config as unknown as { maxWorkers?: unknown; watch?: boolean }
  return (
    asNumber(config.maxWorkers) ||
    asNumber(pool?.maxForks ?? pool?.maxThreads) ||
    asNumber(vitestConfig.maxWorkers) ||
    defaultWorkers(vitestConfig.watch === true)
  )
}

/** How many test files a project has that this run is going to run; infinity where Vitest does not tell. */
async function countTestFiles(project: TestProject, vitest: Vitest): Promise<number> {
  try {
    const { filenamePattern } = vitest as unknown as { filenamePattern?: string[] }
    const { testFiles } = await project.globTestFiles(filenamePattern)
    return testFiles.length
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** How many workers can be busy with these projects' test files at once. */
export async function busyWorkers(projects: readonly TestProject[]): Promise<number> {
  const [first] = projects
  if (!first) return 0
  const { vitest } = first
  const files = await Promise.all(projects.map(project => countTestFiles(project, vitest)))
  const total = files.reduce((sum, count) => sum + count, 0)
  return Math.min(total, Math.max(...projects.map(project => maxWorkers(project, vitest))))
}
