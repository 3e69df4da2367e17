import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { type InstanceOptions, TarantoolInstance } from '../../src/index.ts'

const made: TarantoolInstance[] = []
const directories: string[] = []

afterEach(async () => {
  await Promise.all(made.splice(0).map(instance => instance.kill()))
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

/** An instance that is ended after the test. */
export function newInstance(options: InstanceOptions = {}): TarantoolInstance {
  const instance = new TarantoolInstance(options)
  made.push(instance)
  return instance
}

/** A started instance that is ended after the test. */
export function startInstance(options: InstanceOptions = {}): Promise<TarantoolInstance> {
  return newInstance(options).start()
}

/** A directory of the test's own, removed after it. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'fixture-test-'))
  directories.push(directory)
  return directory
}

/** A directory of the test's own with some files in it. */
export function writeFiles(files: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  return directory
}

/** Gives each test of the file a cache of its own, in which no template is. */
export function useOwnCache(): void {
  beforeEach(() => {
    const before = process.env.TARANTOOL_FIXTURE_CACHE
    process.env.TARANTOOL_FIXTURE_CACHE = temporaryDirectory()
    return () => {
      if (before === undefined) delete process.env.TARANTOOL_FIXTURE_CACHE
      else process.env.TARANTOOL_FIXTURE_CACHE = before
    }
  })
}

/** Whether a process is there; one that has ended and is only not yet waited for is not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    if (process.platform !== 'linux') return true
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}

/** What stands in a directory; nothing when it does not exist. */
export function contentOf(directory: string): string[] {
  // It may go between a look and the reading.
  try {
    return readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
