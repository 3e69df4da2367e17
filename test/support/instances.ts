import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
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
  return existsSync(directory) ? readdirSync(directory) : []
}
