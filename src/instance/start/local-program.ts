import { statSync } from 'node:fs'
import { announceBinary } from '../../binary/announce.ts'
import type { Binary } from '../../binary/binary.ts'
import { binaryVersion } from '../../binary/binary-version.ts'
import { locateBinary, toStderr } from '../../binary/locate.ts'
import type { ConfigMode } from '../../config/config-mode.ts'
import type { ResolvedOptions } from '../../config/resolve.ts'
import { luaLiteral } from '../../protocol/lua-literal.ts'
import type { Version } from '../../version/version.ts'
import { errorOfRefusedConfig } from '../failure/config-failure.ts'
import { mayFork } from '../prefork/may-fork.ts'
import { serverEnvironment } from './environment.ts'
import { ownVariables } from './own-variables.ts'
import type { Program, ReadyProgram } from './program.ts'

/** The Tarantool that is found or installed on this machine. */
export class LocalProgram implements Program {
  readonly #options: ResolvedOptions
  readonly #mayDownload: boolean

  constructor(options: ResolvedOptions, { download }: { download: boolean }) {
    this.#options = options
    this.#mayDownload = download
  }

  async version(): Promise<Version> {
    return await this.#versionOf(await this.#locate())
  }

  async obtain(signal?: AbortSignal): Promise<void> {
    const binary = await this.#locate(signal)
    // The `tarantool` on PATH causes no line, because its version need not be known yet.
    if (binary.source !== 'PATH') await this.#introduce(binary)
  }

  async prepare(signal: AbortSignal): Promise<ReadyProgram> {
    const binary = await this.#locate(signal)
    // The version is asked at the first start of a binary, so that a program that is not Tarantool never runs the init
    // script.
    const version = await this.#introduce(binary)
    const { commandArgs, configMode, env } = this.#options
    const environment = serverEnvironment(binary.env, env)
    const canFork = configMode === undefined && mayFork(this.#options, binary.path, environment)
    return {
      name: version.text,
      environment,
      identity: () => [version.text, process.platform, process.arch, stampOf(binary.path), commandArgs],
      command: ({ directory, bootFile, logFile, addresses }) => {
        const ownEnvironment = serverEnvironment(
          binary.env,
          ownVariables(addresses, { ...settingsOf(configMode), ...env }),
        )
        return {
          command: binary.path,
          args: [...commandArgs, ...(configMode ? configArguments(configMode, bootFile) : [bootFile])],
          cwd: directory,
          env: ownEnvironment,
          logFile,
          prefork: canFork ? { bootFile, directory, logFile, env: ownEnvironment } : undefined,
          errorOfExit: configMode && ((exit, context) => errorOfRefusedConfig(exit, context, configMode, logFile)),
        }
      },
    }
  }

  async #locate(signal?: AbortSignal): Promise<Binary> {
    const { version, quiet, commandToRun, commandArgs } = this.#options
    return await locateBinary({
      commandArgs,
      quiet,
      ...(!this.#mayDownload && { env: { ...process.env, TARANTOOL_FIXTURE_INSTALL: '0' } }),
      ...(version !== undefined && { version }),
      ...(commandToRun !== undefined && { commandToRun }),
      ...(signal && { signal }),
    })
  }

  /** Asks the program for its version, and announces it. */
  async #introduce(binary: Binary): Promise<Version> {
    const version = await this.#versionOf(binary)
    announceBinary(binary, version, { report: toStderr, quiet: this.#options.quiet })
    return version
  }

  async #versionOf(binary: Binary): Promise<Version> {
    return await binaryVersion(binary, { commandArgs: this.#options.commandArgs })
  }
}

function settingsOf(configMode: ConfigMode | undefined): Record<string, string> {
  const uuid = configMode?.uuid()
  return uuid === undefined ? {} : { TT_DATABASE_INSTANCE_UUID: uuid }
}

// Tarantool runs the boot script first, then starts the instance from the config.
const configArguments = ({ name, configFile }: ConfigMode, bootFile: string): string[] => [
  '-e',
  `dofile(${luaLiteral(bootFile)})`,
  '--name',
  name,
  '--config',
  configFile,
]

function stampOf(path: string): unknown {
  const { size, mtimeMs } = statSync(path)
  return { size, mtimeMs }
}
