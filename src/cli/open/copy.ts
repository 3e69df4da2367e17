import { join } from 'node:path'
import type { InstanceOptions } from '../../config/options.ts'
import { InitScriptError, TarantoolFixtureError } from '../../errors.ts'
import { TarantoolInstance } from '../../instance/instance.ts'
import type { DataFiles } from '../../instance/kept/data-files.ts'
import type { KeptManifest, KeptSource } from '../../instance/kept/manifest.ts'
import { copyDataFile } from '../../seed/snapshot-files.ts'
import { findHere } from './find-here.ts'
import { warn } from './warn.ts'

const textOrPath = (source: KeptSource | undefined): string | undefined =>
  source && ('text' in source ? source.text : findHere(source))

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

/**
 * Starts a server from a copy of the data. A server whose application cannot start runs without it.
 *
 * @throws the errors of a start
 */
export async function startCopy(
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
