import type { ServerOptions } from '../config/fixture-config.ts'
import type { InstanceOptions } from '../config/options.ts'
import { TarantoolInstance } from '../instance/instance.ts'
import { newDirectoryPath } from '../instance/place/directory.ts'

/** Makes the instances of one pooled server, all for one address. */
export class InstanceMaker {
  readonly #options: ServerOptions
  readonly #baseDir: string
  /** Their changes are recorded, so that they can be undone. */
  records: boolean

  constructor(options: ServerOptions, root: string, baseDir: string) {
    this.#options = {
      ...options,
      // A directory that may stay cannot be in one that goes with the run.
      root: options.root ?? (keeps(options) ? undefined : root),
      // A socket is the lease's, and may not go with the directory of one of its servers.
      port: options.port ?? (options.host === 'unix/' ? `${newDirectoryPath(root)}.sock` : undefined),
    }
    this.#baseDir = baseDir
    const { recordChanges, isolation = 'reset' } = options
    this.records = recordChanges === true || isolation === 'reset' || isolation === 'file'
  }

  make(more: InstanceOptions = {}): TarantoolInstance {
    const { isolation: _isolation, strict: _strict, ...options } = this.#options
    return new TarantoolInstance({ ...options, recordChanges: this.records, ...more }, this.#baseDir)
  }

  /** One with a directory of its own, and another's address. */
  makeSuccessor({ port, credentials, consoleHost, consolePort }: TarantoolInstance): TarantoolInstance {
    // An account that nobody asked for is the same for all servers of this process.
    const account = this.#options.credentials && { credentials }
    return this.make({ port, ...account, ...(consoleHost !== 'unix/' && { consolePort }) })
  }
}

/** Whether there can be two processes for one address. The engine publishes a container's port from its start on. */
export const mayStandBy = ({ docker, host }: ServerOptions): boolean => docker === undefined || host === 'unix/'

/** Whether directories may stay. */
export const keeps = ({ keep, cleanup }: ServerOptions): boolean =>
  keep === 'on-failure' || keep === 'always' || cleanup === false
