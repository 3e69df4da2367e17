/**
 * The module that a Vitest test file imports.
 *
 * @module tarantool-fixture/vitest
 */
import { beforeAll, type TestAPI, test as vitestTest } from 'vitest'
import type { TarantoolHandle } from '../handle/handle.ts'
import { type AroundTests, handleOf, type UseOptions, use } from '../handle/use-tarantool.ts'
import { workerState } from '../handle/worker-state.ts'

export type { Isolation } from '../config/isolation.ts'
export type { ServerOptions } from '../config/server-options.ts'
export * from '../errors.ts'
export type { TarantoolAddress } from '../handle/environment.ts'
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
export type { TarantoolContext } from './context.ts'

/**
 * The names of a project's servers, so that TypeScript checks the argument of `useTarantool`. Augment the interface:
 *
 * @example
 * declare module 'tarantool-fixture/vitest' {
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
 * @throws SetupError in a run without the global setup, and inside a test; UnknownServerError
 * @example
 * const tarantool = useTarantool()
 * const queue = useTarantool('queue', { isolation: 'restart' })
 * const other = useTarantool({ config: { appLua: './other.lua' } })
 */
export function useTarantool(name?: ServerName, options?: UseOptions): TarantoolHandle
export function useTarantool(options?: UseOptions): TarantoolHandle
export function useTarantool(nameOrOptions?: ServerName | UseOptions, options?: UseOptions): TarantoolHandle {
  return use(aroundTests, nameOrOptions, options)
}

// The hook's timeout is longer than the server's own timeout, whose error says more than the runner's.
const leaseTimeout = 120_000

// A function that beforeAll returns runs after all afterAll hooks, in whatever order these run.
const aroundTests: AroundTests = begin => beforeAll(begin, leaseTimeout)

workerState().setupHint =
  "Add globalSetup: 'tarantool-fixture/vitest/setup' (or your own file that uses defineTarantool) to the test config."

const testWithFixture = vitestTest.extend<{ tarantool: TarantoolHandle }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads what a fixture needs from its first parameter
  tarantool: async ({}, use) => {
    const handle = handleOf('default')
    // A test with this fixture counts as a user of the server, even if another file extended the fixture.
    await handle.ready()
    await use(handle)
  },
})

// Fixtures come after the hooks of a test, too late to reset its server. So a file that defines a test with this
// fixture counts as a user of the server.
function markUse(): void {
  const { isRunning, markUse } = workerState()
  if (!isRunning) markUse?.({ server: 'default' })
}

/**
 * Vitest's `test` with a fixture: `test('…', async ({ tarantool }) => …)`. It can be extended further.
 *
 * @example
 * import { test } from 'tarantool-fixture/vitest'
 * test('counts', async ({ tarantool, expect }) => expect(await tarantool.eval('return 1')).toEqual([1]))
 */
export const test: TestAPI<{ tarantool: TarantoolHandle }> = new Proxy(testWithFixture, {
  apply(target, receiver, args) {
    markUse()
    return Reflect.apply(target, receiver, args)
  },
  get(target, property, receiver) {
    markUse()
    return Reflect.get(target, property, receiver)
  },
})
