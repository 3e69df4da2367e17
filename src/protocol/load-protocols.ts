import { loadModule } from '../load-module.ts'

type Protocols = typeof import('./protocols.ts')

let protocols: Promise<Protocols> | undefined

/** Loads the code of the protocols. Test files import this module, and need that code on the first request to a server. */
export function loadProtocols(): Promise<Protocols> {
  protocols ??= loadModule(() => import('./protocols.ts'))
  return protocols
}
