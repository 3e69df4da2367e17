import type { ResolvedServer } from '../config/fixture-config.ts'
import type { ResolvedOptions } from '../config/resolve.ts'
import { TarantoolInstance } from '../instance/instance.ts'
import { newDirectoryPath } from '../instance/place/directory.ts'
import { Front } from '../link/front.ts'

/** Makes the instances of one pooled server. All of them have the same address. */
export class InstanceMaker {
  readonly #options: ResolvedServer
  /** The link that all instances have in turn. */
  readonly front: Front | undefined
  /** The instances record changes, so that a reset can undo them. */
  records: boolean

  constructor(options: ResolvedServer, root: string) {
    this.#options = {
      ...options,
      // The run's directory is removed after the run, so a directory that may be kept is made elsewhere.
      root: options.root ?? (keeps(options) ? undefined : root),
      // The socket belongs to the lease, which outlives a server's directory. So the socket is not in the directory.
      port: options.port ?? (options.host === 'unix/' ? `${newDirectoryPath(root)}.sock` : undefined),
    }
    const { recordChanges, isolation, links } = options
    this.front = links ? new Front() : undefined
    this.records = recordChanges || isolation === 'reset' || isolation === 'file'
  }

  make(changes: Partial<ResolvedOptions> = {}): TarantoolInstance {
    return TarantoolInstance.of({ ...this.#options, recordChanges: this.records, ...changes }, this.front)
  }

  /**
   * True if a successor of an instance can start before the instance has given up its addresses. The engine publishes
   * the ports of a container when the container starts, so a published port must be free by then. Named ports can be
   * moved on Linux only: fixtures/boot/listening-ports.lua.
   */
  mayStandBy({ host, consoleHost }: TarantoolInstance): boolean {
    const { docker, ports } = this.#options
    const hasPorts = Object.keys(ports).length > 0
    if (docker === undefined) return !hasPorts || process.platform === 'linux'
    return host === 'unix/' && consoleHost === 'unix/' && !hasPorts
  }

  /** Makes an instance with a new directory and the address of another instance. */
  makeSuccessor({ port, ports, credentials, consoleHost, consolePort }: TarantoolInstance): TarantoolInstance {
    // The default account is the same for all servers of this process, so only a configured account is passed on.
    const account = this.#options.credentials && { credentials }
    return this.make({ port, ports, ...account, ...(consoleHost !== 'unix/' && { consolePort }) })
  }
}

/** True if the directories of such a server may be kept after the run. */
export const keeps = ({ keep }: ResolvedServer): boolean => keep !== 'never'
