import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { InstanceOptions } from '../config/options.ts'
import { InitScriptError, KeptDirectoryError } from '../errors.ts'
import { TarantoolInstance } from '../instance/instance.ts'
import { type KeptFileName, type KeptManifest, type KeptSource, readKept } from '../instance/kept/manifest.ts'
import { copyDataFile } from '../seed/snapshot-files.ts'
import { talkTo } from './console/index.ts'
import { connectToConsole } from './console/target.ts'

/** The options of the command `open`. */
export interface OpenOptions {
  /** Starts the server without the application. */
  readonly bare?: boolean
  /** The version of Tarantool to find or download. */
  readonly tarantool?: string
  readonly eval?: string
}

/** The path of a file of the project, on this machine. */
function findHere({ file, relative }: KeptFileName): string | undefined {
  return [file, resolve(relative)].find(path => existsSync(path))
}

const textOrPath = (source: KeptSource | undefined): string | undefined =>
  source && ('text' in source ? source.text : findHere(source))

function warn(text: string): void {
  process.stderr.write(`tarantool-fixture: ${text}\n`)
}

/** The options that read the data, and those of the application unless it is left out. */
function optionsOf({ options, server }: KeptManifest, { bare, tarantool }: OpenOptions): InstanceOptions {
  const { appLua, appDir, initLuaTemplate, ...data } = options
  const app = bare ? undefined : textOrPath(appLua)
  if (!bare && appLua && app === undefined) {
    warn(`the application is not here (${'file' in appLua ? appLua.file : ''}), so the server runs without it`)
  }
  return {
    ...(data as Pick<InstanceOptions, 'boxCfg'>),
    ...{ title: server, version: tarantool, timeout: 60_000 },
    ...(app !== undefined && {
      appLua: app,
      appDir: appDir && findHere(appDir),
      initLuaTemplate: textOrPath(initLuaTemplate),
    }),
  }
}

async function startCopy(directory: string, kept: KeptManifest, options: OpenOptions): Promise<TarantoolInstance> {
  const instance = new TarantoolInstance(optionsOf(kept, options))
  try {
    await instance.prepare()
    for (const file of kept.files) await copyDataFile(join(directory, 'data', file), join(instance.workDir, file))
    return await instance.start({ recreate: false })
  } catch (error) {
    await instance.stop()
    // An application that creates its spaces without if_not_exists cannot start from data.
    if (!(error instanceof InitScriptError) || options.bare) throw error
    warn(`${error.summary}\nThe application does not start from this data, so the server runs without it.`)
    return await startCopy(directory, kept, { ...options, bare: true })
  }
}

/**
 * Starts a server from the data of a failed test, and opens a console on it. The server has a copy, so the kept directory
 * stays as it is.
 *
 * @returns the output of a script; nothing after a conversation
 * @throws KeptDirectoryError, the errors of a start, LuaError
 */
export async function open(directory: string, options: OpenOptions): Promise<string> {
  const kept = readKept(directory)
  const missing = kept.files.find(file => !existsSync(join(directory, 'data', file)))
  if (missing !== undefined || kept.files.length === 0) {
    throw new KeptDirectoryError(`${directory} is not complete: it lacks ${missing ?? 'its data'}`, {
      hint: 'Copy the whole directory. The server logged what is in tarantool.log.',
    })
  }
  const instance = await startCopy(directory, kept, options)
  try {
    const about = kept.test === undefined ? '' : ` of '${kept.test}'`
    warn(`the data${about} as it was at ${kept.made}, on ${instance.fingerprint} (Tarantool ${instance.version()})`)
    if (kept.temporary.length > 0) warn(`temporary spaces are empty: ${kept.temporary.join(', ')}`)
    const address = { path: String(instance.consolePort) }
    return await talkTo(await connectToConsole(kept.server, address), options)
  } finally {
    await instance.stop()
  }
}
