import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ResolvedOptions } from '../config/resolve.ts'
import { type InstanceAddresses, resolveAddresses } from './addresses.ts'
import { keepDirectory, makeDirectory, markerOf, newDirectoryPath, removeDirectory } from './directory.ts'
import { type InitScript, writeInitScript } from './init-script.ts'
import { LogFile } from './log.ts'
import { freePort } from './port.ts'
import { sweepOnce } from './sweep.ts'

/** The place of one instance: its directory with what is in it, and its addresses. */
export class Workspace {
  readonly directory: string
  readonly log: LogFile
  readonly #options: ResolvedOptions
  #port: number | undefined
  #consolePort: number | undefined
  #addresses: InstanceAddresses | undefined

  constructor(options: ResolvedOptions) {
    this.#options = options
    this.directory = newDirectoryPath(options.root)
    this.log = new LogFile(join(this.directory, 'tarantool.log'))
  }

  /** Known from the first `chooseAddresses` on. */
  get addresses(): InstanceAddresses | undefined {
    return this.#addresses
  }

  /** Whether a port was chosen by us, so that another one would do. */
  get hasFreePort(): boolean {
    return this.#port !== undefined
  }

  /** Chooses the ports that the user did not fix; those chosen before stay unless `anew`. */
  async chooseAddresses({ anew = false }: { anew?: boolean } = {}): Promise<InstanceAddresses> {
    const { host, port, consoleHost, consolePort } = this.#options
    const isFree = (hostName: string, fixed: unknown): boolean => hostName !== 'unix/' && fixed === undefined
    if (isFree(host, port) && (anew || this.#port === undefined)) this.#port = await freePort(host)
    if (isFree(consoleHost, consolePort) && (anew || this.#consolePort === undefined)) {
      this.#consolePort = await freePort(consoleHost)
    }
    this.#addresses = resolveAddresses(this.#options, this.directory, this.#port, this.#consolePort)
    return this.#addresses
  }

  /**
   * Makes the directory, empty if `recreate`, and writes the init script into it.
   *
   * @throws RootNotWritableError, TemplateError, LuaFileError
   */
  write(replicationSource: string | readonly string[] | undefined, recreate: boolean): InitScript {
    if (!this.#addresses) throw new Error('the addresses are chosen before the files are written')
    sweepOnce(this.#options.root)
    if (recreate) removeDirectory(this.directory)
    if (!markerOf(this.directory)) makeDirectory(this.directory, { keep: this.#options.keep === 'always' })
    return writeInitScript(this.#options, this.#addresses, this.directory, replicationSource)
  }

  /** Removes the directory, unless the option `keep` says that it stays after a failure, or always. */
  remove({ failed }: { failed: boolean }): void {
    const { keep } = this.#options
    if (keep === 'always' || (keep === 'on-failure' && failed)) keepDirectory(this.directory)
    else removeDirectory(this.directory)
  }

  /**
   * Removes the sockets, which 2.6.0 leaves behind even on SIGTERM, and which do not go with the directory where the user
   * put them elsewhere.
   *
   * @param taken the address that turned out to be another server's, whose socket it is then
   */
  removeSockets(taken?: string): void {
    if (!this.#addresses) return
    const { binary, console, listen } = this.#addresses
    // The console is bound first: where it is taken, nothing is ours.
    if (taken === console.uri) return
    for (const address of taken === listen ? [console.address] : [binary, console.address]) {
      if (!('path' in address)) continue
      try {
        rmSync(address.path, { force: true })
      } catch {
        // Below something that is no directory.
      }
    }
  }
}
