import { fillEnv } from '../../config/env-tags.ts'
import { portVariable } from '../../config/variable-names.ts'
import type { InstanceAddresses } from '../place/addresses.ts'

/** A named port of a server, as fixtures/boot/named-ports.lua reads it. */
export interface PortOfServer {
  readonly name: string
  readonly variable: string
  /** The port that the server binds at its start. */
  readonly own: number
  /** The port that a server which stands by will have. */
  readonly to_be?: number | undefined
}

/** The named ports of a server. */
export function portsOfServer({ own, ports, standby }: InstanceAddresses): PortOfServer[] {
  return Object.entries(own.ports).map(([name, port]) => ({
    name,
    variable: `TARANTOOL_${portVariable(name)}`,
    own: port,
    to_be: standby && ports[name],
  }))
}

/** The variables that tell an application its own addresses, and the option `env`, which can override them. */
export function ownVariables(
  addresses: InstanceAddresses | undefined,
  env: Readonly<Record<string, string>>,
): Record<string, string> {
  if (!addresses) return { ...env }
  const { own, port } = addresses
  const ports = portsOfServer(addresses).map(({ variable, own: number }) => [variable, String(number)])
  return {
    TARANTOOL_LISTEN: own.listen,
    ...Object.fromEntries(ports),
    ...fillEnv(env, { host: own.host, port, listen: own.listen, ports: own.ports }),
  }
}

/** The names of variables that differ from server to server, so that they do not tell one template from another. */
export function variablesOfOneServer(addresses: InstanceAddresses, env: Readonly<Record<string, string>>): string[] {
  const filled = ownVariables(addresses, env)
  return Object.keys(filled).filter(name => filled[name] !== env[name])
}
