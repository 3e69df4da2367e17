import type { LeasedServerInfo } from '../broker/messages.ts'

/** The address of a server, in the form of `inject('tarantool')`. */
export interface TarantoolAddress {
  /** The address that the server listens on; `'unix/'` if `port` is the path of a socket. */
  readonly host: string
  /** The port number, or the path of a socket if `host` is `'unix/'`. */
  readonly port: number
  /** `host:port`, or `user:password@host:port`. */
  readonly uri: string
  /** The account's name; undefined for guest. */
  readonly user?: string | undefined
  /** The account's password; undefined for guest. */
  readonly password?: string | undefined
}

/** The address of a leased server, for a test. */
export function addressOf({ host, port, uri, user, password }: LeasedServerInfo): TarantoolAddress {
  return { host, port: port as number, uri, ...(user !== undefined && { user, password }) }
}

const variables = { HOST: 'host', PORT: 'port', URI: 'uri', USER: 'user', PASSWORD: 'password' } as const

function prefixesOf(name: string): string[] {
  const prefix = `TARANTOOL_${name.toUpperCase().replaceAll('-', '_')}_`
  return name === 'default' ? [prefix, 'TARANTOOL_'] : [prefix]
}

/**
 * Writes a server's address into the environment, for code that reads variables: TARANTOOL_NAME_HOST, _PORT, _URI,
 * _USER and _PASSWORD. The server named `default` also has TARANTOOL_HOST, TARANTOOL_PORT and so on.
 */
export function setEnvironment(info: LeasedServerInfo): void {
  const address = addressOf(info)
  for (const prefix of prefixesOf(info.name)) {
    for (const [variable, field] of Object.entries(variables)) {
      const value = address[field]
      if (value === undefined) delete process.env[prefix + variable]
      else process.env[prefix + variable] = String(value)
    }
  }
}

/** Removes a server's address from the environment. */
export function clearEnvironment(name: string): void {
  for (const prefix of prefixesOf(name)) {
    for (const variable of Object.keys(variables)) delete process.env[prefix + variable]
  }
}
