import { randomBytes } from 'node:crypto'
import { isLoopback } from '../config/loopback.ts'
import type { Credentials } from '../config/options.ts'
import type { ResolvedOptions } from '../config/resolve.ts'

/** What a server is told of whom it lets in over TCP: fixtures/boot/access.lua. */
export interface Gate {
  /** The users beside root and the one that the server runs as. */
  readonly uids: readonly number[]
  /** Where it listens, unless it is on a unix socket: nobody comes over TCP then. */
  readonly host: string | undefined
}

/** The server cannot tell whose a connection is: it needs a password. */
export class OwnersUnknownError extends Error {}

// Programs whose servers cannot be told whose a connection is: netlink is forbidden to them, for instance.
const withoutGate = new Set<string>()

let ownPassword: string | undefined

/** One for all servers of this process: one that replicates has its source's accounts. */
const accountOfProcess = (): Credentials => {
  ownPassword ??= randomBytes(12).toString('hex')
  return { user: 'tester', password: ownPassword }
}

/**
 * Who may connect to a server. Where Linux can say whose a connection is, that decides, and guest may do all. Where it cannot,
 * there is a password.
 */
export class Access {
  readonly #options: ResolvedOptions
  readonly #program: string

  constructor(options: ResolvedOptions) {
    this.#options = options
    this.#program = JSON.stringify([options.commandToRun, options.commandArgs])
  }

  /** The account that the server has, and is talked to with; undefined where guest may do all. */
  get credentials(): Credentials | undefined {
    return this.#options.credentials ?? this.madeUp
  }

  /** The account, where nobody asked for one. The init script of a user may not know it. */
  get madeUp(): Credentials | undefined {
    const { access, credentials, host } = this.#options
    if (credentials || access === 'any' || host === 'unix/' || this.#canHaveGate) return undefined
    return accountOfProcess()
  }

  get gate(): Gate | undefined {
    const { access, host } = this.#options
    if (access === 'any' || !this.#canHaveGate) return undefined
    return { uids: [process.geteuid?.() ?? 0, ...access.uids], host: host === 'unix/' ? undefined : host }
  }

  /** From now on there is a password. */
  giveUpGate(): void {
    withoutGate.add(this.#program)
  }

  get #canHaveGate(): boolean {
    const { docker, host } = this.#options
    if (process.platform !== 'linux' || docker !== undefined || withoutGate.has(this.#program)) return false
    return host === 'unix/' || isLoopback(host)
  }
}
