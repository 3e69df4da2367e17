import { setTimeout as delay } from 'node:timers/promises'
import { ContainerEngineError } from '../../errors.ts'
import { canListen } from '../place/port.ts'
import { askEngine, type Container } from './engine.ts'

interface Port {
  readonly host: string
  readonly port: number
}

/** A network that a container has left, and how the container joins the network again. */
interface Network {
  readonly name: string
  /** Options of `network connect`. */
  readonly options: readonly string[]
}

/** The networks and ports that a container has given up. */
export interface LeftNetworks {
  readonly networks: readonly Network[]
  /** The ports of this machine that the engine published for the container. */
  readonly ports: readonly Port[]
}

// The parts of the engine's answer that the fixture reads.
interface Inspected {
  HostConfig: { PortBindings: Record<string, { HostIp: string; HostPort: string }[] | null> | null }
  NetworkSettings: { Networks: Record<string, Endpoint> | null }
}

interface Endpoint {
  Aliases: string[] | null
  IPAMConfig: { IPv4Address?: string; IPv6Address?: string } | null
}

// Networks that a running container cannot leave. The server's own `listen` has freed the ports there.
const isFixed = (network: string): boolean => network === 'host' || network === 'none'

// Times in milliseconds. An engine frees a port before its command ends, or not at all.
const freeWithin = 1000
const freeAgainWithin = 10_000
const joinedWithin = 2000
const pause = 50

/**
 * Takes a running container out of its networks. The engine then no longer publishes the container's ports, so another
 * container can have them. Connections of the server over a network end; unix sockets are not affected. Does nothing for
 * a container without published ports.
 *
 * @throws ContainerEngineError if the engine refuses, or keeps the ports
 */
export async function leaveNetworks(container: Container): Promise<LeftNetworks> {
  const { HostConfig, NetworkSettings } = await inspect(container)
  const ports = portsOf(HostConfig.PortBindings ?? {})
  if (ports.length === 0) return { networks: [], ports }
  const networks = Object.entries(NetworkSettings.Networks ?? {})
    .filter(([name]) => !isFixed(name))
    .map(([name, endpoint]) => ({ name, options: optionsOf(endpoint) }))
  // All networks: when a container leaves the network of its ports, the engine publishes them over another one.
  for (const { name } of networks) await ask(container, ['network', 'disconnect', name, container.name])
  const taken = await takenAfter(ports, freeWithin)
  if (!taken) return { networks, ports }
  throw new ContainerEngineError(`${container.engine} keeps port ${taken.port} of a container without networks`)
}

/**
 * Puts a container back into the networks that it has left, and so publishes its ports again.
 *
 * @param hasEnded returns true if the container has ended meanwhile
 * @throws ContainerEngineError
 */
export async function joinNetworks(
  container: Container,
  { networks, ports }: LeftNetworks,
  hasEnded: () => boolean,
): Promise<void> {
  // Docker 20.10 does not recover from a connect that fails because of a port: the container then keeps a part of the
  // network, and each further connect conflicts with that part.
  const taken = await takenAfter(ports, freeAgainWithin, hasEnded)
  if (taken) throw new ContainerEngineError(`port ${taken.port} of ${container.name} is in use`)
  const giveUpAt = performance.now() + joinedWithin
  for (const { name, options } of networks) {
    const connect = ['network', 'connect', ...options, name, container.name]
    for (;;) {
      try {
        await ask(container, connect)
        break
      } catch (error) {
        if (hasEnded() || performance.now() > giveUpAt) throw error
        // The engine may not have freed the other container's address in the network yet.
        await delay(pause)
      }
    }
  }
}

async function inspect(container: Container): Promise<Inspected> {
  return JSON.parse(await ask(container, ['inspect', '--type', 'container', '--format', '{{json .}}', container.name]))
}

async function ask({ engine }: Container, args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await askEngine(engine, args)
  if (exitCode === 0) return stdout
  throw new ContainerEngineError(`${engine} ${args.join(' ')} failed: ${stderr.trim() || `exit code ${exitCode}`}`)
}

function portsOf(bindings: NonNullable<Inspected['HostConfig']['PortBindings']>): Port[] {
  return Object.entries(bindings).flatMap(([name, hosts]) =>
    (hosts ?? [])
      // The engine chooses another port of a range, or any port, each time. Nobody waits for one of these.
      .filter(({ HostPort }) => name.endsWith('/tcp') && Number(HostPort) > 0)
      .map(({ HostIp, HostPort }) => ({ host: HostIp || '0.0.0.0', port: Number(HostPort) })),
  )
}

function optionsOf({ Aliases, IPAMConfig }: Endpoint): string[] {
  const { IPv4Address, IPv6Address } = IPAMConfig ?? {}
  return [
    ...(Aliases ?? []).flatMap(alias => ['--alias', alias]),
    ...(IPv4Address ? ['--ip', IPv4Address] : []),
    ...(IPv6Address ? ['--ip6', IPv6Address] : []),
  ]
}

/** The first port that is still in use after a time in milliseconds; undefined as soon as all are free. */
async function takenAfter(
  ports: readonly Port[],
  time: number,
  hasEnded: () => boolean = () => false,
): Promise<Port | undefined> {
  const giveUpAt = performance.now() + time
  for (;;) {
    const free = await Promise.all(ports.map(({ host, port }) => canListen(host, port)))
    const taken = ports.find((_, index) => !free[index])
    if (!taken || hasEnded() || performance.now() > giveUpAt) return taken
    await delay(pause)
  }
}
