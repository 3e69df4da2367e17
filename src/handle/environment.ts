import type { LeasedServerInfo } from '../broker/leased-info.ts'
import { addressVariables, portVariable, variablePrefixes } from '../config/variable-names.ts'

/** The address of a server, in the form of `inject('tarantool')`. */
export interface TarantoolAddress {
  /** The address that the server listens on; `'unix/'` if `port` is the path of a socket. */
  readonly host: string
  /** The port number, or the path of a socket if `host` is `'unix/'`. */
  readonly port: number
  /** The ports of the option `ports`, by their names. */
  readonly ports: { readonly [name: string]: number }
  /** `host:port`, or `user:password@host:port`. */
  readonly uri: string
  /** The account's name; undefined for guest. */
  readonly user?: string | undefined
  /** The account's password; undefined for guest. */
  readonly password?: string | undefined
}

/** The address of a leased server, for a test. */
export function addressOf({ host, port, ports, uri, user, password }: LeasedServerInfo): TarantoolAddress {
  return { host, port: port as number, ports, uri, ...(user !== undefined && { user, password }) }
}

/**
 * Writes a server's address into the environment, for code that reads variables: TARANTOOL_NAME_HOST, _PORT, _URI,
 * _USER and _PASSWORD, and TARANTOOL_NAME_HTTP_PORT for its port `http`. The server named `default` also has
 * TARANTOOL_HOST, TARANTOOL_PORT and so on.
 */
export function setEnvironment(info: LeasedServerInfo): void {
  const address = addressOf(info)
  for (const prefix of variablePrefixes(info.name)) {
    for (const [variable, field] of Object.entries(addressVariables)) {
      const value = address[field]
      if (value === undefined) delete process.env[prefix + variable]
      else process.env[prefix + variable] = String(value)
    }
    for (const [name, port] of Object.entries(info.ports)) process.env[prefix + portVariable(name)] = String(port)
  }
}

/** Removes a server's address from the environment. */
export function clearEnvironment({ name, ports }: Pick<LeasedServerInfo, 'name' | 'ports'>): void {
  const variables = [...Object.keys(addressVariables), ...Object.keys(ports).map(portVariable)]
  for (const prefix of variablePrefixes(name)) {
    for (const variable of variables) delete process.env[prefix + variable]
  }
}
