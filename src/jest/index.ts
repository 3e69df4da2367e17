/**
 * The module that a Jest test file imports.
 *
 * @module tarantool-fixture/jest
 */
import type { TarantoolHandle } from '../handle/handle.ts'
import { type UseOptions, use } from '../handle/use-tarantool.ts'
import { workerState } from '../handle/worker-state.ts'
import { hooksOfFile } from './installed-hooks.ts'
import { readTickets } from './tickets.ts'

export type { Isolation } from '../config/isolation.ts'
export type { ServerOptions } from '../config/server-options.ts'
export * from '../errors.ts'
export type { TarantoolHandle } from '../handle/handle.ts'
export type {
  CodeUnderFaults,
  FaultRun,
  FaultsOptions,
  Link,
  LinkOfServer,
  NamedInstance,
  SequenceFault,
} from '../handle/links.ts'
export type { UseOptions } from '../handle/use-tarantool.ts'
export type {
  Change,
  ChangedRow,
  Changes,
  ChangesOptions,
  Definition,
  RowChanges,
  SchemaChanges,
} from '../isolation/changes.ts'
export type { TarantoolVersion } from '../version/tarantool-version.ts'

/**
 * The names of a project's servers, so that TypeScript checks the argument of `useTarantool`. Augment the interface:
 *
 * @example
 * declare module 'tarantool-fixture/jest' {
 *   interface TarantoolServers { queue: true; users: true }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there for users to augment
export interface TarantoolServers {}

/** A server's name: a name from TarantoolServers if the interface was augmented, else any text. */
export type ServerName = keyof TarantoolServers extends never ? string : keyof TarantoolServers | 'default'

/**
 * This worker's Tarantool, for the tests of a file or of a describe.
 *
 * @param name of the server, if the config names several. Default `'default'`.
 * @throws SetupError in a run without the global setup, inside a test, and under another runner; UnknownServerError
 * @example
 * const tarantool = useTarantool()
 * const queue = useTarantool('queue', { isolation: 'restart' })
 * const other = useTarantool({ config: { appLua: './other.lua' } })
 */
export function useTarantool(name?: ServerName, options?: UseOptions): TarantoolHandle
export function useTarantool(options?: UseOptions): TarantoolHandle
export function useTarantool(nameOrOptions?: ServerName | UseOptions, options?: UseOptions): TarantoolHandle {
  const hooks = hooksOfFile()
  workerState().setupHint = setupHint()
  return use(begin => hooks.aroundTests(begin), nameOrOptions, options)
}

// Several projects may name one setup. Jest runs the setup for the first of them only.
function setupHint(): string {
  return Object.keys(readTickets()).length === 0
    ? "Add globalSetup: 'tarantool-fixture/jest/setup' and globalTeardown: 'tarantool-fixture/jest/teardown' to the Jest config."
    : "Jest ran the global setup for another project that names the same one. Add setupFiles: ['tarantool-fixture/jest/worker'] to this project's config."
}
