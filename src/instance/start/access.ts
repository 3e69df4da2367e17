import { randomBytes } from 'node:crypto'
import { isLoopback } from '../../config/loopback.ts'
import type { Credentials } from '../../config/options.ts'
import type { ResolvedOptions } from '../../config/resolve.ts'

/** Tells a server which users to admit over TCP: fixtures/boot/access.lua. */
export interface Gate {
  /** Users to admit besides root and the server's own user. */
  readonly uids: readonly number[]
  /** The host that the server listens on. Undefined for a unix socket, which cannot be reached over TCP. */
  readonly host: string | undefined
}

/** The server cannot tell who owns a connection, so it needs a password. */
export class OwnersUnknownError extends Error {}

// Programs whose servers cannot tell who owns a connection, for instance because a sandbox forbids netlink.
const withoutGate = new Set<string>()

const newAccount = (): Credentials => ({ user: 'tester', password: randomBytes(12).toString('hex') })

let ownAccount: Credentials | undefined

/** All servers of this process share one account, because a replica has the accounts of its source. */
const accountOfProcess = (): Credentials => {
  ownAccount ??= newAccount()
  return ownAccount
}

/**
 * Decides who can connect to a server. If Linux can tell who owns a connection, the owner decides, and guest can do
 * everything. Otherwise a password decides.
 */
export class Access {
  readonly #options: ResolvedOptions
  readonly #program: string
  readonly #configured: Credentials | undefined

  constructor(options: ResolvedOptions) {
    this.#options = options
    const { credentials } = options
    // Each instance has its own, because the servers of a pool are made from the same options.
    this.#configured = credentials === 'random' ? newAccount() : credentials
    this.#program = JSON.stringify([options.commandToRun, options.commandArgs])
  }

  /** The account that the server has and that the fixture uses. Undefined if guest can do everything. */
  get credentials(): Credentials | undefined {
    return this.#configured ?? this.madeUp
  }

  /** The account, if the fixture created it. A user's init script may not know this account. */
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

  /** Switches to a password for all later starts. */
  giveUpGate(): void {
    withoutGate.add(this.#program)
  }

  get #canHaveGate(): boolean {
    const { docker, host } = this.#options
    if (process.platform !== 'linux' || docker !== undefined || withoutGate.has(this.#program)) return false
    return host === 'unix/' || isLoopback(host)
  }
}
