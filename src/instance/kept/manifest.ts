import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import type { Keep } from '../../config/options.ts'
import type { WalMode } from '../../config/resolve.ts'
import { KeptDirectoryError } from '../../errors.ts'
import { isOwnerGone } from '../owner/owner.ts'
import { markerOf } from '../place/marker.ts'

/** The format of the directories that this release writes, and the newest that it reads. */
export const keptFormat = 1

/** The name of the file that describes a kept directory. */
export const keptFile = 'kept.json'

/** The name of that file while the server may still use the directory. */
export const plannedFile = 'to-keep.json'

/** A file of the project. `relative` starts from the working directory of the run, for another machine. */
export interface KeptFileName {
  readonly file: string
  readonly relative: string
}

/** Lua of the config: a text, or a file. */
export type KeptSource = { readonly text: string } | KeptFileName

/** The application of an instance of a cluster. Its config is in the file `config.yaml` of the directory, or of the parent. */
export interface KeptApplication {
  readonly directory: KeptFileName
  /** The reason why the application cannot run without the other instances; undefined if it may. */
  readonly needsOthers?: string | undefined
}

/** The description of a kept directory. */
export interface KeptManifest {
  readonly format: typeof keptFormat
  /** The test that failed, after the names of its suites. */
  readonly test?: string | undefined
  readonly testFile?: string | undefined
  /** The time at which the directory was made, in the form of ISO 8601. */
  readonly made: string
  /** The name of the server in the config. */
  readonly server: string
  readonly tarantool: string
  readonly fixture: string
  readonly node: string
  /**
   * The files of the snapshot, below the directory `data`. Undefined if the directory is the server's own, with the data that
   * the server has left there.
   */
  readonly files?: readonly string[] | undefined
  /** The reason why the server's own directory is kept. */
  readonly reason?: string | undefined
  /** The option `keep` of a server whose own directory is kept. */
  readonly keep?: Keep | undefined
  /** The name of the instance, if Tarantool started the server from the config of a cluster. */
  readonly instance?: string | undefined
  /** Set with `instance`. */
  readonly application?: KeptApplication | undefined
  /** Temporary spaces, whose data is missing. */
  readonly temporary: readonly string[]
  /** The options of the server that decide how its data is read, and its application. */
  readonly options: {
    readonly appLua?: KeptSource | undefined
    readonly appDir?: KeptFileName | undefined
    readonly initLuaTemplate?: KeptSource | undefined
    readonly memtxMemory?: number | undefined
    readonly walMode?: WalMode | undefined
    readonly extraBoxCfg?: string | undefined
    readonly boxCfg: Readonly<Record<string, unknown>>
  }
}

const file = v.object({ file: v.string(), relative: v.string() })
const source = v.union([v.object({ text: v.string() }), file])

const manifest: v.GenericSchema<unknown, KeptManifest> = v.object({
  format: v.literal(keptFormat),
  test: v.optional(v.string()),
  testFile: v.optional(v.string()),
  made: v.string(),
  server: v.string(),
  tarantool: v.string(),
  fixture: v.string(),
  node: v.string(),
  files: v.optional(v.array(v.string())),
  reason: v.optional(v.string()),
  keep: v.optional(v.picklist(['never', 'on-failure', 'always'])),
  instance: v.optional(v.string()),
  application: v.optional(v.object({ directory: file, needsOthers: v.optional(v.string()) })),
  temporary: v.array(v.string()),
  options: v.object({
    appLua: v.optional(source),
    appDir: v.optional(file),
    initLuaTemplate: v.optional(source),
    memtxMemory: v.optional(v.number()),
    walMode: v.optional(v.picklist(['none', 'write', 'fsync'])),
    extraBoxCfg: v.optional(v.string()),
    boxCfg: v.record(v.string(), v.unknown()),
  }),
})

/** The text of the description of a directory. A directory whose owner has died has only the one that was written at the start. */
function textIn(directory: string): string | undefined {
  const marker = markerOf(directory)
  const names = marker && isOwnerGone(marker) ? [keptFile, plannedFile] : [keptFile]
  const name = names.find(file => existsSync(join(directory, file)))
  return name && readFileSync(join(directory, name), 'utf8')
}

function whyNotKept(directory: string): KeptDirectoryError {
  if (existsSync(join(directory, plannedFile))) {
    return new KeptDirectoryError(`a server still has ${directory}`, {
      hint: '`tarantool-fixture console` opens a console on a running server.',
    })
  }
  return new KeptDirectoryError(`${directory} is not a directory that was kept: it has no ${keptFile}`, {
    hint: "`tarantool-fixture clean --list` lists the directories that the option 'keep' has kept.",
  })
}

function read(directory: string): unknown {
  const text = textIn(directory)
  if (text === undefined) throw whyNotKept(directory)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new KeptDirectoryError(`${directory} is damaged: ${error}`, { cause: error })
  }
}

/**
 * Reads the description of a kept directory.
 *
 * @throws KeptDirectoryError if the fixture did not keep the directory, or a newer release did, or files are missing
 */
export function readKept(directory: string): KeptManifest {
  const found = read(directory)
  const format = (found as { format?: unknown } | null)?.format
  if (typeof format === 'number' && format > keptFormat) {
    throw new KeptDirectoryError(
      `${directory} has format ${format}, and this release reads formats up to ${keptFormat}`,
      {
        hint: 'Open it with the release of tarantool-fixture that kept it, or with a newer one.',
      },
    )
  }
  const result = v.safeParse(manifest, found)
  if (result.success) return result.output
  const [issue] = result.issues
  throw new KeptDirectoryError(
    `${join(directory, keptFile)} is damaged: ${v.getDotPath(issue) ?? 'it'}: ${issue.message}`,
  )
}
