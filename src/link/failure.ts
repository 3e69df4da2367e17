import { LinkError, PortTakenError } from '../errors.ts'
import { type Address, formatAddress } from '../protocol/address.ts'

/** Makes the error of a link that cannot listen on its address. The errors of this package stay as they are. */
export function cannotListen(listen: Address, cause: unknown): unknown {
  if (cause instanceof LinkError) return cause
  const address = formatAddress(listen)
  const { code, message } = cause as NodeJS.ErrnoException
  if (code !== 'EADDRINUSE') return new LinkError(`a link cannot listen on ${address}: ${message}`, { cause })
  return new PortTakenError(`a link cannot listen on ${address}: the address is in use`, {
    address,
    cause,
    hint: 'Another process took the address while the link was cut. hang() keeps the address.',
  })
}
