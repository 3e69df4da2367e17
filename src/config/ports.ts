import { InvalidOptionError } from '../errors.ts'
import { addressVariables, portVariable, variablePrefixes } from './variable-names.ts'

/** Ports by their names. Undefined: the fixture chooses a free port. */
export type NamedPorts = { readonly [name: string]: number | undefined }

/**
 * Checks the option `ports`, whose types have been checked.
 *
 * @throws InvalidOptionError for two names of one variable
 */
export function resolvePorts(names: readonly string[] = []): NamedPorts {
  const byVariable = new Map<string, string>()
  for (const name of names) {
    const variable = `TARANTOOL_${portVariable(name)}`
    const other = byVariable.get(variable)
    if (other !== undefined) {
      const what = other === name ? `names '${name}' twice` : `names '${other}' and '${name}'`
      throw new InvalidOptionError(`option 'ports' ${what}, which have one variable: ${variable}`, {
        hint: 'Give each port a name of its own.',
      })
    }
    byVariable.set(variable, name)
  }
  return Object.fromEntries(names.map(name => [name, undefined]))
}

/**
 * Refuses names of servers and ports that have the same variable in a worker: server `queue-http`, and port `http` of
 * server `queue`.
 *
 * @throws InvalidOptionError
 */
export function checkVariables(servers: ReadonlyMap<string, { readonly ports: NamedPorts }>): void {
  const owners = new Map<string, string>()
  for (const [server, { ports }] of servers) {
    const own = new Map(Object.keys(addressVariables).map(variable => [variable, `server '${server}'`]))
    for (const port of Object.keys(ports)) {
      const variable = portVariable(port)
      if (own.has(variable)) refuse(variable, own.get(variable), `port '${port}' of server '${server}'`)
      own.set(variable, `port '${port}' of server '${server}'`)
    }
    for (const prefix of variablePrefixes(server)) {
      for (const [variable, what] of own) {
        const other = owners.get(prefix + variable)
        if (other !== undefined) refuse(prefix + variable, other, what)
        owners.set(prefix + variable, what)
      }
    }
  }
}

function refuse(variable: string, one: string | undefined, other: string): never {
  throw new InvalidOptionError(`${one} and ${other} have one environment variable: ${variable}`, {
    hint: 'Rename the port.',
  })
}
