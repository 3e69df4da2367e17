import type { NamedPorts } from '../../config/ports.ts'
import { type PortReservation, reservePort } from './port.ts'

// The application decides on which addresses it listens, so the port must be free on all of them.
const everyAddress = '0.0.0.0'

/** The named ports of one instance: those that the fixture has chosen, and those of a server that the instance replaces. */
export class NamedPortChoice {
  readonly #options: NamedPorts
  #chosen = new Map<string, PortReservation>()

  constructor(options: NamedPorts) {
    this.#options = options
  }

  /** The addresses whose port the fixture has chosen, in the form of messages. */
  get addresses(): string[] {
    return [...this.#chosen.values()].map(({ port }) => addressOfPort(port))
  }

  /** Chooses the ports that are not fixed. Ports of an earlier choice stay, unless `anew`. */
  async choose(anew: boolean): Promise<Record<string, number>> {
    const ports: Record<string, number> = {}
    for (const [name, fixed] of Object.entries(this.#options)) {
      if (fixed === undefined && (anew || !this.#chosen.has(name)))
        this.#chosen.set(name, await reservePort(everyAddress))
      ports[name] = fixed ?? this.#chosen.get(name)?.port ?? 0
    }
    return ports
  }

  /** Releases the ports. */
  release(): void {
    this.#chosen = new Map()
  }
}

/** The address of a named port in messages. */
export const addressOfPort = (port: number | undefined): string => `127.0.0.1:${port}`
