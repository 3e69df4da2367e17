import type { LeasedServerInfo } from '../broker/messages.ts'

/** The address of a server, as `inject('tarantool')` gives it. */
export interface TarantoolAddress {
  /** The address that it listens on; `'unix/'` where `port` is the path of a socket. */
  readonly host: string
  /** A port number; the path of a socket when `host` is `'unix/'`. */
  readonly port: number
  /** `host:port`, or `user:password@host:port`. */
  readonly uri: string
  /** The account's name; undefined for guest. */
  readonly user?: string | undefined
  /** The account's password; undefined for guest. */
  readonly password?: string | undefined
}

/** What a leased server's address is to a test. */
export function addressOf({ host, port, uri, user, password }: LeasedServerInfo): TarantoolAddress {
  return { host, port: port as number, uri, ...(user !== undefined && { user, password }) }
}

const variables = { HOST: 'host', PORT: 'port', URI: 'uri', USER: 'user', PASSWORD: 'password' } as const

function prefixesOf(name: string): string[] {
  const prefix = `TARANTOOL_${name.toUpperCase().replaceAll('-', '_')}_`
  return name === 'default' ? [prefix, 'TARANTOOL_'] : [prefix]
}

/**
 * Writes a server's address into the environment, for code that reads it from there: TARANTOOL_NAME_HOST, _PORT, _URI,
 * _USER and _PASSWORD, and for the server named `default` TARANTOOL_HOST, TARANTOOL_PORT and so on.
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

/** Takes a server's address out of the environment again. */
export function clearEnvironment(name: string): void {
  for (const prefix of prefixesOf(name)) {
    for (const variable of Object.keys(variables)) delete process.env[prefix + variable]
  }
}
