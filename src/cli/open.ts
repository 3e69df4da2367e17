import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { InstanceOptions } from '../config/options.ts'
import { InitScriptError, TarantoolFixtureError } from '../errors.ts'
import { TarantoolInstance } from '../instance/instance.ts'
import { type DataFiles, dataFilesIn } from '../instance/kept/data-files.ts'
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

/** How a server is started from the data. */
interface Attempt {
  readonly bare: boolean
  /** Skips what Tarantool cannot read. */
  readonly force: boolean
}

/** The options that read the data, and those of the application unless it is left out. */
function optionsOf(
  { options, server }: KeptManifest,
  { boxCfg, hasJournal }: DataFiles,
  { bare, force }: Attempt,
  version: string | undefined,
): InstanceOptions {
  const { appLua, appDir, initLuaTemplate, ...data } = options
  const app = bare ? undefined : textOrPath(appLua)
  if (!bare && appLua && app === undefined) {
    warn(`the application is not here (${'file' in appLua ? appLua.file : ''}), so the server runs without it`)
  }
  return {
    ...(data as Pick<InstanceOptions, 'boxCfg'>),
    ...{ title: server, version, timeout: 60_000 },
    // The server itself may have set the mode, which a server without the application does not know.
    walMode: data.walMode ?? (hasJournal ? 'write' : undefined),
    boxCfg: { ...(data.boxCfg as InstanceOptions['boxCfg']), ...boxCfg, ...(force && { force_recovery: true }) },
    ...(app !== undefined && {
      appLua: app,
      appDir: appDir && findHere(appDir),
      initLuaTemplate: textOrPath(initLuaTemplate),
    }),
  }
}

// The words of Tarantool for a snapshot or a journal that it cannot read to its end.
const saysDamage =
  /XlogError|XlogGapError|Missing \.xlog|checksum|invalid magic|can't (?:read|open|find).*\.(?:xlog|snap|vylog)/i

const isDamage = (error: unknown): boolean =>
  error instanceof TarantoolFixtureError && saysDamage.test(`${error.message}\n${error.logTail?.join('\n')}`)

async function startCopy(
  kept: KeptManifest,
  data: DataFiles,
  attempt: Attempt,
  version: string | undefined,
): Promise<TarantoolInstance> {
  const instance = new TarantoolInstance(optionsOf(kept, data, attempt, version))
  try {
    await instance.prepare()
    for (const file of data.files) await copyDataFile(join(data.root, file), join(instance.workDir, file))
    return await instance.start({ recreate: false })
  } catch (error) {
    await instance.stop()
    if (!attempt.force && isDamage(error)) {
      warn(
        `${(error as Error).message.split('\n')[0]}\nThe server starts with force_recovery, and skips what it cannot read.`,
      )
      return await startCopy(kept, data, { ...attempt, force: true }, version)
    }
    // An application that creates its spaces without if_not_exists cannot start from data.
    if (!(error instanceof InitScriptError) || attempt.bare) throw error
    warn(`${error.summary}\nThe application does not start from this data, so the server runs without it.`)
    return await startCopy(kept, data, { ...attempt, bare: true }, version)
  }
}

/**
 * Starts a server from the data of a kept directory, and opens a console on it. The server has a copy, so the kept directory
 * stays as it is.
 *
 * @returns the output of a script; nothing after a conversation
 * @throws KeptDirectoryError, the errors of a start, LuaError
 */
export async function open(directory: string, options: OpenOptions): Promise<string> {
  const kept = readKept(directory)
  const data = dataFilesIn(directory, kept)
  if (kept.instance !== undefined && !options.bare) {
    warn(`'${kept.instance}' is an instance of a cluster: it runs alone, without its config and its application`)
  }
  const bare = options.bare === true || kept.instance !== undefined
  const instance = await startCopy(kept, data, { bare, force: false }, options.tarantool)
  try {
    const about = kept.test === undefined ? '' : ` of '${kept.test}'`
    const why = kept.reason === undefined ? '' : `, kept because of this: ${kept.reason}`
    warn(`the data${about} as it was at ${kept.made}${why}`)
    if (kept.files === undefined && !data.hasJournal) {
      warn('the server wrote no journal (wal_mode none), so this is the data of its last snapshot')
    }
    warn(`the server is on ${instance.fingerprint} (Tarantool ${instance.version()})`)
    if (kept.temporary.length > 0) warn(`temporary spaces are empty: ${kept.temporary.join(', ')}`)
    const address = { path: String(instance.consolePort) }
    return await talkTo(await connectToConsole(kept.server, address), options)
  } finally {
    await instance.stop()
  }
}
