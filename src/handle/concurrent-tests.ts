import { SetupError } from '../errors.ts'
import { demandIn, isUsedIn, type Scope } from '../isolation/scope.ts'
import type { LeasedServer } from './leased-server.ts'

/** The error of a test that runs beside others, and uses a server that must be the test's own. */
export function refuseConcurrent(scope: Scope, server: LeasedServer): SetupError | undefined {
  const { isolation } = demandIn(scope, server.info)
  if (!isUsedIn(scope, server.name) || isolation === 'file' || isolation === 'none') return undefined
  const name = server.name === 'default' ? '' : ` '${server.name}'`
  return new SetupError(`concurrent tests share their file's server${name}, whose isolation is '${isolation}'`, {
    hint: "Give them useTarantool({ isolation: 'file' }). Their changes are undone after the file.",
  })
}
