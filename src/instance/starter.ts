import { type Binary, locateBinary } from '../binary/locate.ts'
import { binaryVersion, type Version } from '../binary/version.ts'
import type { ResolvedOptions } from '../config/resolve.ts'
import { PortTakenError, RootNotWritableError } from '../errors.ts'
import { readSeed, type SeedTask } from '../isolation/seed-task.ts'
import { recordPid } from './directory.ts'
import { serverEnvironment } from './environment.ts'
import { type AbortReason, type Launch, type LaunchSpec, launch } from './launch.ts'
import type { TarantoolProcess } from './process.ts'
import type { ReadyReport } from './report.ts'
import type { ServerDetails } from './start-failure.ts'
import type { Workspace } from './workspace.ts'

export interface StarterSpec {
  readonly recreate: boolean
  readonly replicationSource: string | readonly string[] | undefined
  /** Ends the start; the reason is an `AbortReason`. */
  readonly signal: AbortSignal
  /** Called with the process, or with each when more than one has to be made. */
  readonly onProcess: (process: TarantoolProcess) => void
}

// How often a port may be lost between its choice and the server's bind before it is called a fault.
const portAttempts = 5

/** Brings an instance's server up: from the binary to the report that it is ready. */
export class Starter {
  readonly #options: ResolvedOptions
  readonly #workspace: Workspace
  readonly #details: (logStart: number) => ServerDetails
  /** Somebody may know the address: from then on it stays. */
  addressIsKnown = false

  constructor(options: ResolvedOptions, workspace: Workspace, details: (logStart: number) => ServerDetails) {
    this.#options = options
    this.#workspace = workspace
    this.#details = details
  }

  async version(): Promise<Version> {
    return await binaryVersion(await this.#locate(), { commandArgs: this.#options.commandArgs })
  }

  /** The process has ended, and its sockets are gone, when this rejects. */
  async start(spec: StarterSpec): Promise<ReadyReport> {
    const { signal } = spec
    const throwIfAborted = (): void => {
      if (signal.aborted) throw (signal.reason as AbortReason)(this.#details(0))
    }
    const located = this.#locateChecked(signal).catch((error: unknown) => {
      throwIfAborted()
      throw error
    })
    const [binary] = await Promise.all([located, this.#workspace.chooseAddresses()])
    const seed = await readSeed(this.#options)
    for (let attempt = 1; ; attempt++) {
      throwIfAborted()
      const { process, ready } = this.#launch(binary, spec, seed)
      spec.onProcess(process)
      try {
        const report = await ready
        this.addressIsKnown = true
        return report
      } catch (error) {
        this.#workspace.removeSockets()
        const lost = error instanceof PortTakenError && this.#workspace.chosen.includes(error.address)
        if (!lost || this.addressIsKnown || attempt === portAttempts) throw error
        await this.#workspace.chooseAddresses({ anew: true })
      }
    }
  }

  async #locate(signal?: AbortSignal): Promise<Binary> {
    const { commandToRun } = this.#options
    return await locateBinary({ ...(commandToRun && { commandToRun }), ...(signal && { signal }) })
  }

  // Asked at the first start of a binary, so that a program that is no Tarantool is never run with our script.
  async #locateChecked(signal: AbortSignal): Promise<Binary> {
    const binary = await this.#locate(signal)
    await binaryVersion(binary, { commandArgs: this.#options.commandArgs })
    return binary
  }

  #launch(binary: Binary, { recreate, replicationSource, signal }: StarterSpec, seed: SeedTask | undefined): Launch {
    const { directory, log, chosen, addresses } = this.#workspace
    const script = this.#workspace.write(replicationSource, recreate, seed)
    const launched = this.#launchIn(directory, {
      command: binary.path,
      args: [...this.#options.commandArgs, script.bootFile],
      cwd: directory,
      env: serverEnvironment(binary.env, this.#options.env),
      logFile: log.path,
      nonce: script.nonce,
      signal,
      context: logStart => ({
        ...this.#details(logStart),
        listen: addresses?.listen ?? '?',
        console: addresses?.console.uri ?? '?',
        chosen,
        lineMap: script.lineMap,
      }),
    })
    if (launched.process.pid) recordPid(directory, launched.process.pid)
    return launched
  }

  // What goes wrong with the process itself is told by the launch; here it is the log that cannot be opened.
  #launchIn(directory: string, spec: LaunchSpec): Launch {
    try {
      return launch(spec)
    } catch (cause) {
      throw new RootNotWritableError(`cannot open the log in ${directory}: ${(cause as Error).message}`, { cause })
    }
  }
}
