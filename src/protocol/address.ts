/** The address of a server or its console: the path of a unix socket, or a host and a TCP port. */
export type Address = { readonly path: string } | { readonly host: string; readonly port: number }

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
