import { delimiter } from 'node:path'
import { trace } from '../trace.ts'
import type { Version } from '../version/version.ts'
import type { Binary } from './binary.ts'
import { findProgram } from './search.ts'

const origins: Readonly<Record<Binary['source'], string>> = {
  commandToRun: 'commandToRun',
  TARANTOOL_BIN: 'TARANTOOL_BIN',
  PATH: 'PATH',
  cache: 'the cache',
  installed: 'the cache',
}

const announced = new Set<string>()
const traced = new Set<string>()

// Read when this module is loaded: Jest sets the variable in its main process, too, if that process runs the tests.
const { VITEST_WORKER_ID, JEST_WORKER_ID } = process.env
const isWorker = VITEST_WORKER_ID !== undefined || JEST_WORKER_ID !== undefined

interface Saying {
  readonly report: (line: string) => void
  /** Prints nothing. */
  readonly quiet?: boolean
  /** True if this process is a worker of a test runner. */
  readonly inWorker?: boolean
}

/** One line about a Tarantool, for people: `Tarantool 3.8.0 from the cache: …/releases/3.8.0-linux-amd64/usr/bin/tarantool`. */
export function describeBinary({ path, source }: Binary, { text }: Version): string {
  return `Tarantool ${text} from ${origins[source]}: ${path}`
}

/**
 * Says which Tarantool a run uses and where it comes from, once per program and run. It says nothing about the
 * `tarantool` that PATH finds. It also says nothing in a worker of a test runner, because a run has many workers.
 */
export function announceBinary(
  binary: Binary,
  version: Version,
  { report, quiet = false, inWorker = isWorker, env = process.env }: Saying & { readonly env?: NodeJS.ProcessEnv },
): void {
  if (!traced.has(binary.path)) trace(describeBinary(binary, version))
  traced.add(binary.path)
  if (quiet || inWorker || announced.has(binary.path)) return
  if (binary.source === 'PATH' || findProgram('tarantool', (env.PATH ?? '').split(delimiter)).path === binary.path)
    return
  announced.add(binary.path)
  report(describeBinary(binary, version))
}

/** The same for an image. A default or TARANTOOL_FIXTURE_VERSION may decide which image it is. */
export function announceImage(
  image: string,
  engine: string,
  { report, quiet = false, inWorker = isWorker }: Saying,
): void {
  if (quiet || inWorker || announced.has(image)) return
  announced.add(image)
  report(`Tarantool from the image ${image}, run by ${engine}`)
}
