import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type LuaSource, type OptionsWithAccount, type ResolvedOptions, walModeOf } from '../config/resolve.ts'
import type { SeedSource } from '../config/seed-sources.ts'
import { packageDirectory } from '../package-files.ts'
import { digestOf, fileDigest } from './file-digest.ts'
import { encodeRows } from './seed-task.ts'

/** Version of the templates' layout and of their fingerprint's content. */
const format = 1

// Options of box.cfg that do not affect the data.
const withoutEffect = new Set([
  'custom_proc_title',
  'log',
  'log_format',
  'log_level',
  'log_nonblock',
  'logger',
  'logger_nonblock',
  'pid_file',
  'too_long_threshold',
])

const encodedRows = new WeakMap<object, Promise<string>>()

async function digestOfLua(source: LuaSource | undefined): Promise<unknown> {
  if (!source || 'text' in source) return source
  // The path counts too, because Lua searches modules beside the file.
  return { file: source.file, digest: await fileDigest(source.file) }
}

async function digestOfSeed(source: SeedSource): Promise<unknown> {
  if ('file' in source) return { ...source, file: undefined, digest: await fileDigest(source.file) }
  let digest = encodedRows.get(source.rows)
  if (!digest) {
    digest = encodeRows(source).then(digestOf)
    encodedRows.set(source.rows, digest)
  }
  return await digest
}

// The fixture's own Lua takes part in making the data.
async function digestOfFixtures(): Promise<unknown> {
  const directory = join(packageDirectory, 'fixtures')
  const parts = ['boot', 'agent', 'cluster'].flatMap(part =>
    readdirSync(join(directory, part)).map(name => join(part, name)),
  )
  const names = ['init.lua', 'boot.lua', ...parts]
  return await Promise.all(names.map(async name => [name, await fileDigest(join(directory, name))]))
}

const sortedEntries = (object: object): [string, unknown][] =>
  Object.entries(object).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

// Lua does not keep the order of a map's keys.
const inOneOrder = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return `${value}n`
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isMap ? Object.fromEntries(sortedEntries(value)) : value
}

/** The inputs of a cluster's data, besides the options that all its instances share. */
export interface ClusterInputs {
  /** The directory from which relative paths of the config start. */
  readonly directory: string
  /** The config with the overlay, as Tarantool reads it. */
  readonly config: unknown
  /** The names of the instances. */
  readonly instances: readonly string[]
  /** The names of the instances that are seeded. */
  readonly seeded: readonly string[]
  /** The user whom the fixture adds to the config, if any. */
  readonly addedUser: string | undefined
  readonly ready: string | undefined
}

/** The fingerprint of a cluster's data: all inputs that are known before an instance runs. */
export async function clusterTemplateKey(
  options: ResolvedOptions,
  cluster: ClusterInputs,
  program: unknown,
): Promise<string> {
  const material = {
    format,
    program,
    fixtures: await digestOfFixtures(),
    cluster,
    env: options.env,
    seedLua: await digestOfLua(options.seedLua),
    seed: await Promise.all(options.seed.map(digestOfSeed)),
  }
  return digestOf(JSON.stringify(material, inOneOrder))
}

/** The inputs of a replica set's data, besides the options that its members share. */
export interface ReplicaSetInputs {
  readonly failover: string
  readonly leader: string
  /** The options of each member, with its name. */
  readonly members: readonly (readonly [name: string, options: ResolvedOptions])[]
}

/** The fingerprint of a replica set's data: all inputs that are known before a member runs. */
export async function replicaSetTemplateKey(
  options: ResolvedOptions,
  { failover, leader, members }: ReplicaSetInputs,
  program: unknown,
): Promise<string> {
  const ofMember = async ([name, own]: readonly [string, ResolvedOptions]): Promise<unknown> => {
    const { credentials } = own
    return [
      name,
      await templateKey({ ...own, credentials: credentials === 'random' ? undefined : credentials }, program),
    ]
  }
  const material = {
    ...{ failover, leader },
    members: await Promise.all(members.map(ofMember)),
    seedLua: await digestOfLua(options.seedLua),
    seed: await Promise.all(options.seed.map(digestOfSeed)),
  }
  return digestOf(JSON.stringify(material))
}

/**
 * The fingerprint of a seeded database: all inputs of its data that are known before a server runs. Ports, titles, log
 * levels and directories do not count.
 *
 * @param program the identity of the Tarantool that makes the data
 */
export async function templateKey(options: OptionsWithAccount, program: unknown): Promise<string> {
  const boxCfg = sortedEntries(options.boxCfg).filter(([name]) => !withoutEffect.has(name))
  const material = {
    format,
    program,
    fixtures: await digestOfFixtures(),
    init: await digestOfLua(options.initLuaTemplate),
    boxCfg,
    extraBoxCfg: options.extraBoxCfg,
    memtxMemory: options.memtxMemory,
    walMode: walModeOf(options, undefined),
    specifyWorkDir: options.specifyWorkDir,
    // The fixture's init script sets the password at each start, and 'random' makes a new password each time.
    credentials: options.initLuaTemplate ? options.credentials : options.credentials?.user,
    env: sortedEntries(options.env),
    app: [await digestOfLua(options.appLua), options.appDir],
    seedLua: await digestOfLua(options.seedLua),
    seed: await Promise.all(options.seed.map(digestOfSeed)),
  }
  return digestOf(JSON.stringify(material, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)))
}
