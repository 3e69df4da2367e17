import { beforeAll, type TestAPI, test as vitestTest } from 'vitest'
import type { Isolation, ServerOptions } from '../config/fixture-config.ts'
import { SetupError } from '../errors.ts'
import { TarantoolHandle } from '../handle/handle.ts'
import { leaseOwnServer, leaseServer, leaseServerInTest, releaseServer, ticketOf } from '../handle/test-file.ts'
import { workerState } from '../handle/worker-state.ts'

export type { Isolation, ServerOptions } from '../config/fixture-config.ts'
export * from '../errors.ts'
export type { TarantoolAddress } from '../handle/environment.ts'
export type { TarantoolHandle } from '../handle/handle.ts'
export type { TarantoolContext } from './context.ts'

/**
 * The names of a project's servers, for `useTarantool` to check. Augment it:
 *
 * @example
 * declare module 'tarantool-fixture/vitest' {
 *   interface TarantoolServers { queue: true; users: true }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there for users to augment
export interface TarantoolServers {}

/** A server's name: one of TarantoolServers where that was augmented, else any. */
export type ServerName = keyof TarantoolServers extends never ? string : keyof TarantoolServers | 'default'

export interface UseOptions {
  /** For the tests of this file or describe, instead of the config's. */
  isolation?: Isolation | undefined
  /** For the tests of this file or describe, instead of the config's. */
  strict?: boolean | undefined
  /**
   * A server of this file's own: these options over those of the server named `default`. It is there from the first hook
   * on. Relative paths are relative to the working directory. An `appLua` here comes without that server's seed.
   */
  config?: Omit<ServerOptions, 'logger' | 'isolation' | 'strict'> | undefined
}

const handleOf = (name: string): TarantoolHandle => new TarantoolHandle(name, () => workerState().servers.get(name))

/**
 * This worker's Tarantool, for the tests of a file or of a describe.
 *
 * @param name of the server, where the config names several. Default `'default'`.
 * @throws SetupError in a run without the global setup, and inside a test; UnknownServerError
 * @example
 * const tarantool = useTarantool()
 * const queue = useTarantool('queue', { isolation: 'restart' })
 * const other = useTarantool({ config: { appLua: './other.lua' } })
 */
export function useTarantool(name?: ServerName, options?: UseOptions): TarantoolHandle
export function useTarantool(options?: UseOptions): TarantoolHandle
export function useTarantool(nameOrOptions: ServerName | UseOptions = {}, more: UseOptions = {}): TarantoolHandle {
  const named = typeof nameOrOptions === 'string'
  const { isolation, strict, config } = named ? more : nameOrOptions
  const state = workerState()
  if (state.isRunning) {
    throw new SetupError('useTarantool() was called inside a test or a hook', {
      hint: 'Call it at the top of the file or in a describe, and use what it returns in the tests.',
    })
  }
  const name = config ? `own-${++state.ownServers}` : named ? nameOrOptions : 'default'
  if (config) useOwnServer(name, config)
  else useServer(name)
  state.markUse?.({ server: name, isolation, strict })
  return handleOf(name)
}

function useServer(name: string): void {
  const { lease } = ticketOf(name)
  if (lease !== 'on-use' || workerState().servers.has(name)) return
  beforeAll(async () => {
    await leaseServer(name)
  }, leaseTimeout)
}

// Long enough for the server's own timeout to say more than the runner's would.
const leaseTimeout = 120_000

function useOwnServer(name: string, config: object): void {
  ticketOf(workerState().tickets[0]?.servers[0] ?? 'default')
  beforeAll(async () => {
    await leaseOwnServer(name, { ...config }, process.cwd())
    // Runs after all afterAll hooks, in whatever order these run.
    return async () => {
      await releaseServer(name)
    }
  }, leaseTimeout)
}

const testWithFixture = vitestTest.extend<{ tarantool: TarantoolHandle }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads what a fixture needs from its first parameter
  tarantool: async ({}, use) => {
    await leaseServerInTest('default')
    await use(handleOf('default'))
  },
})

// Fixtures come after the hooks of a test, too late to bring its server back. So whoever defines a test with it uses it.
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
