import { delimiter } from 'node:path'
import type { Binary } from './binary.ts'
import { findProgram } from './search.ts'
import type { Version } from './version.ts'

const origins: Readonly<Record<Binary['source'], string>> = {
  commandToRun: 'commandToRun',
  TARANTOOL_BIN: 'TARANTOOL_BIN',
  PATH: 'PATH',
  cache: 'the cache',
  installed: 'the cache',
}

const announced = new Set<string>()

/** One line about a Tarantool, for people: `Tarantool 3.8.0 from the cache: …/releases/3.8.0-linux-amd64/usr/bin/tarantool`. */
export function describeBinary({ path, source }: Binary, { text }: Version): string {
  return `Tarantool ${text} from ${origins[source]}: ${path}`
}

/**
 * Says which Tarantool a run uses and where it is from: once per program and run. It says nothing about the `tarantool`
 * that PATH finds, nor in a worker of a test runner, because there are many of those in a run.
 *
 * @param options.quiet says nothing at all
 */
export function announceBinary(
  binary: Binary,
  version: Version,
  {
    report,
    quiet = false,
    env = process.env,
  }: { report: (line: string) => void; quiet?: boolean; env?: NodeJS.ProcessEnv },
): void {
  const isInWorker = env.VITEST_WORKER_ID !== undefined || env.JEST_WORKER_ID !== undefined
  if (quiet || isInWorker || announced.has(binary.path)) return
  if (binary.source === 'PATH' || findProgram('tarantool', (env.PATH ?? '').split(delimiter)).path === binary.path)
    return
  announced.add(binary.path)
  report(describeBinary(binary, version))
}
