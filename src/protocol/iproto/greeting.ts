/** The information that a server sends before the first request. */
export interface Greeting {
  /** Such as `2.6.0`, or `3.1.0-entrypoint-83-gcb0264c3c`. */
  serverVersion: string
  /** The salt that hashes a password, in base64. Each connection has its own. */
  salt: string
}

/**
 * Reads the greeting of the binary protocol; undefined for another greeting, such as a console's.
 *
 * @see https://www.tarantool.io/en/doc/latest/reference/internals/iproto/authentication/#greeting-message
 */
export function parseGreeting(text: string): Greeting | undefined {
  const [, serverVersion] = /^Tarantool (\S+) \(Binary\)/.exec(text) ?? []
  const salt = text.slice(64, 108).trim()
  return serverVersion && salt ? { serverVersion, salt } : undefined
}
