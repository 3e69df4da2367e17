import type { FaultName, Link } from '../link/fault.ts'
import { loadModule } from '../load-module.ts'
import type { LeasedServer } from './leased-server.ts'
import { workerState } from './worker-state.ts'

const names: FaultName[] = ['cut', 'delay', 'limit', 'hang', 'reset', 'heal']

/** A link whose code is loaded with its first fault. */
export const lazyLink = (server: () => Promise<LeasedServer>): Link =>
  Object.fromEntries(
    names.map(name => [
      name,
      async (value?: unknown) =>
        (await loadModule(() => import('./link-faults.ts'))).makeFault(await server(), workerState(), name, value),
    ]),
  ) as unknown as Link
