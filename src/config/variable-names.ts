// Names of environment variables that tell addresses. This file is loaded with each test file, so it imports nothing.

const inCapitals = (name: string): string => name.toUpperCase().replaceAll('-', '_')

/** The variable of a named port: `HTTP_PORT`. The names of a server's variables precede it. */
export const portVariable = (port: string): string => `${inCapitals(port)}_PORT`

/** The beginnings of the names of a server's variables in a worker: `TARANTOOL_QUEUE_`. */
export function variablePrefixes(server: string): string[] {
  const prefix = `TARANTOOL_${inCapitals(server)}_`
  return server === 'default' ? [prefix, 'TARANTOOL_'] : [prefix]
}

/** A server's variables in a worker, each with the property of the address that it holds. */
export const addressVariables = { HOST: 'host', PORT: 'port', URI: 'uri', USER: 'user', PASSWORD: 'password' } as const
