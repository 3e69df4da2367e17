/** The address of a server or its console: the path of a unix socket, or a host and a TCP port. */
export type Address = { readonly path: string } | { readonly host: string; readonly port: number }

/** An address, and the server's name in errors. Default: `Tarantool` and the address. */
export type NamedAddress = Address & { readonly fingerprint?: string }

/** The addresses of a server, and its account. */
export interface ServerAddress {
  /** The address of the binary protocol. */
  readonly binary: Address
  /** The address of the console that only the fixture uses. */
  readonly console: Address
  /** The account; undefined for guest. */
  readonly credentials?: { readonly user: string; readonly password: string } | undefined
}

/**
 * An address as Tarantool writes it: the path, or `host:port` with an IPv6 host in brackets.
 *
 * @example
 * formatAddress({ host: '::1', port: 3301 }) // '[::1]:3301'
 */
export function formatAddress(address: Address): string {
  if ('path' in address) return address.path
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `${host}:${address.port}`
}
