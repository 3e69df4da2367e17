import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClusterActions, LeasableServer, ServerActions } from '../../src/broker/leasable-server.ts'
import type { LeasedServerInfo } from '../../src/broker/leased-info.ts'
import { Pool } from '../../src/broker/pool.ts'
import type { ServerOptions } from '../../src/config/server-options.ts'
import { ReplicationError } from '../../src/errors.ts'
import { FaultRecord } from '../../src/handle/fault-record.ts'
import { ServerConnections } from '../../src/protocol/connections.ts'
import { resolvedServer } from '../support/resolved.ts'

/** A member of a replica set as a test sees it. */
export interface MemberState {
  readonly pid: number
  readonly isReadOnly: boolean
  /** Everything in it, by name. */
  readonly state: Readonly<Record<string, string>>
}

// In milliseconds. What takes longer waits for a quorum, or its member is frozen.
export const patience = 2000

/** A leased replica set, as the handle of a test uses it: its broker, and a record of the faults of links. */
export class LeasedSet {
  readonly #root = mkdtempSync(join(tmpdir(), 'fixture-test-'))
  readonly #pool: Pool
  readonly #connections = new Map<string, ServerConnections>()
  #server: LeasableServer | undefined
  #faults = new FaultRecord(async () => {})

  constructor(options: ServerOptions) {
    this.#pool = new Pool({ name: 'set', server: resolvedServer({ ...options, root: this.#root }), root: this.#root })
  }

  async start(): Promise<void> {
    this.#server = (await this.#pool.lease(1)).server
    // The first set makes the template. Sets that start from it can replace their members.
    await this.renew()
  }

  async stop(): Promise<void> {
    this.#forget()
    await this.#pool.close()
    rmSync(this.#root, { recursive: true, force: true })
  }

  /** Replaces all members, and ends all faults. */
  async renew(): Promise<void> {
    const faulty = this.#faults.faulty.filter(place => place !== null)
    if (faulty.length > 0) await this.#leased.makeFault({ is: 'sound' }, faulty)
    this.#faults = new FaultRecord(async (fault, places, isUndo) => {
      const wanted = places.filter(place => place !== null)
      await this.#leased.makeFault(fault, wanted, isUndo)
    })
    await this.#leased.renew()
    this.#forget()
  }

  get faults(): FaultRecord {
    return this.#faults
  }

  get cluster(): ClusterActions {
    return this.#leased.cluster
  }

  member(name: string): ServerActions {
    return this.#leased.cluster.member(name)
  }

  get names(): readonly string[] {
    return this.#leased.info().cluster?.instances ?? []
  }

  get infos(): readonly LeasedServerInfo[] {
    const { cluster, ...main } = this.#leased.info()
    if (!cluster) throw new Error('the server is a replica set')
    return [{ ...main, name: cluster.connect }, ...cluster.members]
  }

  /** Undefined if no member is writable, and none becomes so. */
  async leader(): Promise<string | undefined> {
    return await this.cluster.waitForLeader({ timeout: patience }).catch((error: unknown) => {
      if (error instanceof ReplicationError) return undefined
      throw error
    })
  }

  /** Runs Lua on a member. @throws RequestTimeoutError if it takes longer than `patience` */
  async command(name: string, lua: string): Promise<unknown[]> {
    const info = this.infos.find(other => other.name === name)
    if (!info) throw new Error(`no member '${name}'`)
    const key = `${name} ${info.pid}`
    const connections = this.#connections.get(key) ?? new ServerConnections(info.address)
    this.#connections.set(key, connections)
    return await connections.command(lua, { timeout: patience })
  }

  /** Runs Lua on all members. Resolves to the first value of each. */
  async onEach(lua: string): Promise<unknown[]> {
    return await Promise.all(this.names.map(async name => (await this.command(name, lua))[0]))
  }

  /** The state of each member, by its name. */
  async look(): Promise<Map<string, MemberState>> {
    const looks = this.infos.map(async ({ name, pid }) => {
      const [state, isReadOnly] = await this.command(name, "return require('property').state(), box.info.ro")
      return [name, { pid, isReadOnly: isReadOnly === true, state: state as Record<string, string> }] as const
    })
    return new Map(await Promise.all(looks))
  }

  get #leased(): LeasableServer {
    if (!this.#server) throw new Error('the set was not started')
    return this.#server
  }

  #forget(): void {
    for (const connections of this.#connections.values()) connections.close()
    this.#connections.clear()
  }
}

const withoutAddresses = (text: string): string => text.replaceAll(/0x[0-9a-f]+/g, '0x')

/** Describes what differs between two states of a member. */
export function differences(before: MemberState, now: MemberState): string[] {
  // A new process has other addresses in its memory.
  const isSame = before.pid === now.pid
  const shown = (value: unknown): string => {
    if (value === undefined) return 'none'
    return isSame ? String(value) : withoutAddresses(String(value))
  }
  const names = new Set([...Object.keys(before.state), ...Object.keys(now.state)])
  // How often a member has truncated its own spaces makes no difference. It cannot count down while another one leads.
  names.delete('rows of 330')
  // Tarantool sets it in a process that begins with data. A member that is added begins without any.
  names.delete('trigger 1 of box.ctl.on_schema_init')
  const differing = [...names].filter(name => shown(before.state[name]) !== shown(now.state[name]))
  const found = differing.map(name => `${name}: ${shown(before.state[name])}, now ${shown(now.state[name])}`)
  return before.isReadOnly === now.isReadOnly ? found : [...found, `read-only: ${now.isReadOnly}`]
}
