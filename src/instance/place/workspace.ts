import { rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { resolvePorts } from '../../config/ports.ts'
import { placeInCluster, type ResolvedOptions } from '../../config/resolve.ts'
import { PortTakenError, TarantoolFixtureError } from '../../errors.ts'
import type { Front } from '../../link/front.ts'
import { LogFile, logFileName } from '../../log/log-file.ts'
import { forgetLateSnapshots } from '../../seed/snapshot-guard.ts'
import type { Standby } from '../failure/details.ts'
import { clusterStopped } from '../failure/not-running.ts'
import { notWritable } from '../failure/not-writable.ts'
import { notePlanned } from '../kept/notes.ts'
import { sweepOnce } from '../owner/sweep.ts'
import { Access } from '../start/access.ts'
import { writeConfigModeScript } from '../start/config-mode-script.ts'
import { type InitScript, type SeedDuty, writeInitScript } from '../start/init-script.ts'
import { type InstanceAddresses, resolveAddresses, standbyAddresses } from './addresses.ts'
import { isDirectoryInUse, makeDirectory, newDirectoryPath, removeDirectory } from './directory.ts'
import { markerOf } from './marker.ts'
import { NamedPortChoice } from './named-ports.ts'
import { isOwnDirectoryTaken } from './own-directory.ts'
import { placeOf } from './place.ts'
import { type PortReservation, reservationOf, reservePort } from './port.ts'

/** The place of one instance: its addresses, and its directory with the files in it. */
export class Workspace {
  readonly access: Access
  #directory = ''
  #log: LogFile
  readonly #options: ResolvedOptions
  #front: Front | undefined
  #port: PortReservation | undefined
  #consolePort: PortReservation | undefined
  /**
   * Reservations of fixed ports that another instance of this process chose. This instance's server replaces that
   * instance's server.
   */
  readonly #takenOver: readonly PortReservation[]
  readonly #ports: NamedPortChoice
  /** The named ports of a server that stands by. */
  readonly #portsAside: NamedPortChoice
  #addresses: InstanceAddresses | undefined
  /** True if the next server, or the current server, stands by, because another server has its address. */
  standby: Standby | undefined
  /** The sockets that existed before the server's. They may belong to another server. */
  #foundSockets = new Map<string, string>()

  /** @param front the link before the server's address */
  constructor(options: ResolvedOptions, front: Front | undefined) {
    this.#options = options
    this.#front = front
    this.#log = this.#choosePlace()
    this.access = new Access(options)
    this.#ports = new NamedPortChoice(options.ports)
    this.#portsAside = new NamedPortChoice(resolvePorts(Object.keys(options.ports)))
    const fixed = [options.port, options.consolePort, ...Object.values(options.ports)].filter(
      port => typeof port === 'number',
    )
    // A cluster itself chooses the ports of its instances, and other ones if a port is taken.
    this.#takenOver = placeInCluster(options) ? [] : fixed.flatMap(port => reservationOf(port) ?? [])
  }

  get directory(): string {
    return this.#directory
  }

  get log(): LogFile {
    return this.#log
  }

  #choosePlace(): LogFile {
    const { root, logger } = this.#options
    this.#directory = placeInCluster(this.#options)?.directory ?? newDirectoryPath(placeOf(root, logger))
    return new LogFile(join(this.#directory, logFileName))
  }

  /** Known from the first `chooseAddresses` on. */
  get addresses(): InstanceAddresses | undefined {
    return this.#addresses
  }

  /** The addresses whose port the fixture has chosen, so that another port is acceptable. */
  get chosen(): string[] {
    if (!this.#addresses) return []
    const { listen, console } = this.#addresses
    return [
      ...(this.#port === undefined ? [] : [listen]),
      ...(this.#consolePort === undefined ? [] : [console.uri]),
      ...this.#ports.addresses,
      ...this.#portsAside.addresses,
    ]
  }

  /**
   * True if another instance of this process has chosen the port of an address. Then the port stays, even if another
   * process takes it.
   */
  takesOver(address: string): boolean {
    return this.#takenOver.some(({ port }) => address.endsWith(`:${port}`))
  }

  /**
   * Chooses the ports that the user did not fix. Ports of an earlier choice stay, unless `anew`. Also chooses another
   * place for the directory if another user has taken the place. The place can be taken while this user has no run.
   */
  async chooseAddresses({ anew = false }: { anew?: boolean } = {}): Promise<InstanceAddresses> {
    if (!markerOf(this.#directory) && isOwnDirectoryTaken(dirname(this.#directory))) this.#log = this.#choosePlace()
    const { host, port, consoleHost, consolePort } = this.#options
    const isFree = (hostName: string, fixed: unknown): boolean => hostName !== 'unix/' && fixed === undefined
    if (isFree(host, port) && (anew || this.#port === undefined)) this.#port = await reservePort(host)
    if (isFree(consoleHost, consolePort) && (anew || this.#consolePort === undefined)) {
      this.#consolePort = await reservePort(consoleHost)
    }
    const ports = await this.#ports.choose(anew)
    const addresses = resolveAddresses(this.#options, this.directory, this.#port?.port, this.#consolePort?.port, ports)
    if (!this.standby) {
      this.#portsAside.release()
      this.#addresses = addresses
      return addresses
    }
    this.#addresses = standbyAddresses(addresses, this.directory, await this.#portsAside.choose(anew))
    return this.#addresses
  }

  /**
   * Chooses addresses that no other server has, for a server that leaves its own addresses to another.
   *
   * @param move lets the server listen on the chosen addresses
   */
  async moveAway(move: (addresses: InstanceAddresses) => Promise<void>): Promise<void> {
    const { host, consoleHost } = this.#options
    const reserve = async (name: string): Promise<PortReservation | undefined> =>
      name === 'unix/' ? undefined : await reservePort(name)
    const [port, consolePort] = [await reserve(host), await reserve(consoleHost)]
    const options = { ...this.#options, port: undefined, consolePort: undefined, links: false }
    const addresses = resolveAddresses(options, this.directory, port?.port, consolePort?.port)
    await move(addresses)
    await this.closeFront()
    this.#front = undefined
    this.#port = port
    this.#consolePort = consolePort
    this.#addresses = addresses
  }

  /**
   * Lets the link before the server listen, unless the server stands by.
   *
   * @throws PortTakenError
   */
  async openFront(errorOfTaken: (address: string) => PortTakenError): Promise<void> {
    if (!this.#front || !this.#addresses?.front || this.standby) return
    const { front, binary, listen } = this.#addresses
    const { gate } = this.access
    // As in fixtures/boot/access.lua, root may connect.
    const uids = gate && [0, ...gate.uids]
    try {
      await this.#front.open(this, { listen: front, target: binary, uids })
    } catch (error) {
      throw error instanceof PortTakenError ? errorOfTaken(listen) : error
    }
  }

  /** Frees the address of the link, unless another server has it meanwhile. */
  async closeFront(): Promise<void> {
    await this.#front?.close(this)
  }

  /**
   * Makes the directory, empty if `recreate`, and writes the init script into it. After an error, it removes a
   * directory that it made.
   *
   * @throws RootNotWritableError, TemplateError, LuaFileError
   */
  write(replicationSource: string | readonly string[] | undefined, recreate: boolean, seed: SeedDuty): InitScript {
    if (!this.#addresses) throw new Error('the addresses are chosen before the files are written')
    const parent = dirname(this.directory)
    // A directory of the cluster that is made now would stay: the cluster has removed its own.
    if (placeInCluster(this.#options) && !isDirectoryInUse(parent)) throw clusterStopped(this.#options)
    sweepOnce(parent)
    if (recreate) removeDirectory(this.directory)
    const isThere = markerOf(this.directory) !== undefined
    if (!isThere) makeDirectory(this.directory, { keep: this.#options.keep === 'always' })
    try {
      notePlanned(this.directory, this.#options)
      if (isThere) forgetLateSnapshots(this.directory)
      const options = { ...this.#options, credentials: this.access.credentials }
      const place = { addresses: this.#addresses, workDir: this.directory, access: this.access }
      const script = options.configMode
        ? writeConfigModeScript(options.configMode, options, place)
        : writeInitScript(options, place, replicationSource, seed)
      this.#foundSockets = new Map(this.#socketPaths().map(path => [path, identityOf(path)]))
      return script
    } catch (error) {
      if (!isThere) removeDirectory(this.directory)
      if (error instanceof TarantoolFixtureError) throw error
      throw notWritable(`cannot write to ${this.directory}`, error)
    }
  }

  /**
   * Removes the sockets. 2.6.0 leaves them behind even on SIGTERM, and the user may have put them outside the
   * directory. A socket file that has not changed since before the start is not the server's.
   */
  removeSockets(): void {
    for (const path of this.#socketPaths()) {
      const identity = identityOf(path)
      if (identity === '' || identity === this.#foundSockets.get(path)) continue
      try {
        rmSync(path, { force: true })
      } catch {
        // The place now belongs to another process.
      }
    }
  }

  #socketPaths(): string[] {
    if (!this.#addresses) return []
    const { agent, binary, console, own, standby } = this.#addresses
    const addresses = [agent, ...(own.console ? [console.address] : []), ...(standby ? [] : [binary])]
    return addresses.flatMap(address => ('path' in address ? [address.path] : []))
  }
}

// A server that binds a path makes a new file there.
function identityOf(path: string): string {
  try {
    const { ino, ctimeMs } = statSync(path)
    return `${ino}:${ctimeMs}`
  } catch {
    return ''
  }
}
