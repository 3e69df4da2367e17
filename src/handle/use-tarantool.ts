import type { Isolation } from '../config/isolation.ts'
import type { ServerOptions } from '../config/server-options.ts'
import { SetupError } from '../errors.ts'
import { TarantoolHandle } from './handle.ts'
import { leaseOwnServer, leaseServer, type OwnConfig, releaseServer, ticketOf } from './leases.ts'
import { checkUseOptions } from './use-tarantool-options.ts'
import { workerState } from './worker-state.ts'

/** The options of a file or describe that override the config. */
export interface UseOptions {
  /** Overrides the config's option for the tests of this file or describe. */
  isolation?: Isolation | undefined
  /** Overrides the config's option for the tests of this file or describe. */
  strict?: boolean | undefined
  /**
   * A server of this file's own: these options over the options of the server named `default`. The server runs from the
   * first hook on. Relative paths start from the working directory. An `appLua` here excludes the default server's
   * seed.
   */
  config?: Omit<ServerOptions, 'logger' | 'isolation' | 'strict'> | undefined
}

/**
 * Runs a function before the tests of the file or suite that is being collected. The function that it resolves to runs
 * after all afterAll hooks.
 */
export type AroundTests = (begin: () => Promise<undefined | (() => Promise<void>)>) => void

/** A handle for a server of the run. Any file may use it. */
export const handleOf = (server: string): TarantoolHandle =>
  new TarantoolHandle({ use: { server }, file: workerState().file })

/**
 * The common part of each adapter's `useTarantool`.
 *
 * @throws SetupError in a run without the global setup, and inside a test; UnknownServerError, UnknownOptionError,
 *   InvalidOptionError
 */
export function use(
  aroundTests: AroundTests,
  nameOrOptions: string | UseOptions = {},
  more: UseOptions = {},
): TarantoolHandle {
  const named = typeof nameOrOptions === 'string'
  const options = named ? more : nameOrOptions
  checkUseOptions(options)
  const { isolation, strict, config } = options
  const state = workerState()
  if (state.isRunning) {
    throw new SetupError('useTarantool() was called inside a test or a hook', {
      hint: 'Call it at the top of the file or in a describe, and use its result in the tests.',
    })
  }
  const server = config ? `own-${++state.ownServers}` : named ? nameOrOptions : 'default'
  const own = config && { config: { ...config }, baseDir: process.cwd() }
  if (own) useOwnServer(aroundTests, server, own)
  else useServer(aroundTests, server)
  const use = { server, isolation, strict }
  state.markUse?.(use)
  return new TarantoolHandle({ use, file: state.file, own })
}

function useServer(aroundTests: AroundTests, name: string): void {
  const { lease } = ticketOf(name)
  if (lease !== 'on-use' || workerState().servers.has(name)) return
  aroundTests(async () => {
    await leaseServer(name)
    return undefined
  })
}

function useOwnServer(aroundTests: AroundTests, name: string, own: OwnConfig): void {
  ticketOf(workerState().tickets[0]?.servers[0] ?? 'default')
  aroundTests(async () => {
    await leaseOwnServer(name, own)
    return async () => await releaseServer(name)
  })
}
