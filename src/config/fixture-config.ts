import { resolve } from 'node:path'
import { InvalidOptionError, LuaFileError, UnknownOptionError } from '../errors.ts'
import { checkOptions } from './check.ts'
import { type ResolvedCoverage, resolveCoverage } from './coverage.ts'
import type { Isolation } from './isolation.ts'
import { type Given, layOver, namesProgram, overDefaults } from './layers.ts'
import { checkVariables } from './ports.ts'
import { type ResolvedOptions, resolveGiven } from './resolve.ts'
import {
  applicationPart,
  checkWithApplication,
  clusterTimeout,
  type ResolvedApplication,
  resolveApplication,
} from './resolve-application.ts'
import { type ResolvedReplicaSet, replicationPart, resolveReplicaSet } from './resolve-replica-set.ts'
import type { FixtureConfig, Hold, ServerOptions, ShownLog } from './server-options.ts'
import { applicationOptions } from './table/application.ts'
import { fixtureOptions, reportName, serverOptions } from './table/fixture.ts'
import { instanceOptions } from './table/instance.ts'
import { entriesOf } from './table/option.ts'
import { replicationOptions } from './table/replica-set.ts'
import { checkVersion } from './version.ts'

/** A server's checked options with their defaults. Its instances are made from them. */
export interface ResolvedServer extends ResolvedOptions {
  readonly isolation: Isolation
  readonly strict: boolean
  readonly log: ShownLog
  readonly hold: Hold
  readonly showChanges: boolean
  /** Set for a Tarantool 3 application: the server is a cluster. */
  readonly application: ResolvedApplication | undefined
  /** Set if the server is a replica set without a config. */
  readonly replicaSet: ResolvedReplicaSet | undefined
}

/** A checked config: each server by its name. */
export interface ResolvedFixture {
  readonly servers: ReadonlyMap<string, ResolvedServer>
  readonly lease: 'file' | 'on-use'
  readonly maxServers: number | undefined
  /** The absolute path of the report; undefined without one. */
  readonly report: string | undefined
  /** Undefined if no lines are counted. */
  readonly coverage: ResolvedCoverage | undefined
  /** The options of the server `default`, as given. A test file's own config overrides them. */
  readonly defaults: Given
}

const allOfServer = { ...instanceOptions, ...replicationOptions, ...applicationOptions, ...serverOptions }
const serverEntries = entriesOf(allOfServer)
const fixtureEntries = entriesOf({ ...allOfServer, ...fixtureOptions })

// The members of a replica set that belongs to one file are named after it.
const nameOfOwnSet = 'replica'

// A name becomes a part of an environment variable: TARANTOOL_QUEUE_PORT.
const serverName = /^[A-Za-z][A-Za-z0-9_-]*$/

/** Checks the options of one server, as a config or a test names them. */
function checkServerOptions(what: string, options: unknown): asserts options is ServerOptions {
  checkOptions(what, serverEntries, options)
  checkVersion(what, (options as ServerOptions).version)
}

/**
 * Checks a fixture's config, and resolves the options of each server. Every file that they name has to exist.
 *
 * @param baseDir the directory that relative paths start from
 * @param version the version that the run is for, which is the default of the config
 * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
 */
export function resolveFixture(config: FixtureConfig, baseDir: string, version?: string): ResolvedFixture {
  checkOptions('tarantool', fixtureEntries, config)
  checkVersion('tarantool', config.version)
  const { servers, lease = fixtureOptions.lease.default, maxServers, report, coverage, ...shared } = config
  const merged = new Map<string, ServerOptions>()
  for (const [name, own] of Object.entries(servers ?? { default: {} })) {
    if (!serverName.test(name)) {
      throw new InvalidOptionError(`tarantool: a server cannot be named '${name}'`, {
        hint: 'A name consists of letters, digits, - and _, and begins with a letter.',
      })
    }
    checkServerOptions(`tarantool: server '${name}'`, own)
    merged.set(name, overDefaults(shared, own))
  }
  if (merged.size === 0) throw new InvalidOptionError("tarantool: option 'servers' names no server")
  const given = version === undefined ? merged : forVersion(merged, version)
  const baseDirOf = (): string => baseDir
  const resolveNamed = (name: string, options: ServerOptions): ResolvedServer => {
    const resolve = (): ResolvedServer => resolveServer(name, { options, baseDirOf })
    return servers ? naming(`tarantool: server '${name}'`, resolve) : resolve()
  }
  const resolved = new Map([...given].map(([name, options]) => [name, resolveNamed(name, options)]))
  checkVariables(resolved)
  return {
    servers: resolved,
    lease,
    maxServers,
    report: reportOf(report, baseDir),
    coverage: resolveCoverage(coverage, baseDir),
    defaults: { options: given.get('default') ?? {}, baseDirOf },
  }
}

/**
 * Checks a test file's own config, and resolves it over the options of the server `default`.
 *
 * @param baseDir the directory that relative paths in the file's config start from
 * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
 */
export function resolveOwnServer({ defaults }: ResolvedFixture, config: unknown, baseDir: string): ResolvedServer {
  checkServerOptions('useTarantool', config)
  // Only one server can have these addresses.
  const { port: _port, consolePort: _consolePort, ...shared } = defaults.options
  // A seed fills the spaces of the application that it was written for.
  const hasOwnApplication = config.appLua !== undefined || config.app !== undefined
  const seed = hasOwnApplication ? { seedLua: undefined, seed: undefined } : {}
  const base = { ...defaults, options: { ...shared, ...seed } }
  return resolveServer(nameOfOwnSet, layOver(base, { options: config, baseDirOf: () => baseDir }))
}

function shownLogOf({ TARANTOOL_FIXTURE_LOG: given }: NodeJS.ProcessEnv): ShownLog {
  if (given === undefined || given === '' || given === 'on-failure') return 'on-failure'
  if (given === 'live') return given
  throw new InvalidOptionError(`TARANTOOL_FIXTURE_LOG must be 'on-failure' or 'live', not ${JSON.stringify(given)}`)
}

function reportOf(given: string | undefined, baseDir: string): string | undefined {
  if (given !== undefined) return resolve(baseDir, given)
  const path = process.env.TARANTOOL_FIXTURE_REPORT
  if (path === undefined || path === '') return undefined
  if (reportName.test(path)) return resolve(path)
  throw new InvalidOptionError(
    `TARANTOOL_FIXTURE_REPORT must be a path that ends in .html or .json, not ${JSON.stringify(path)}`,
  )
}

function holdOf({ TARANTOOL_FIXTURE_HOLD: given = '' }: NodeJS.ProcessEnv): Hold {
  if (['', '0', 'never'].includes(given)) return 'never'
  if (['1', 'on-failure'].includes(given)) return 'on-failure'
  throw new InvalidOptionError(`TARANTOOL_FIXTURE_HOLD must be 1 or 0, not ${JSON.stringify(given)}`)
}

/** Names the server in the errors of its options: a config may have several servers. */
function naming<Result>(what: string, resolve: () => Result): Result {
  try {
    return resolve()
  } catch (error) {
    for (const type of [InvalidOptionError, UnknownOptionError, LuaFileError]) {
      if (error instanceof type) throw new type(`${what}: ${error.summary}`, { hint: error.hint, cause: error.cause })
    }
    throw error
  }
}

function resolveServer(name: string, { options, baseDirOf }: Given): ResolvedServer {
  const {
    isolation = serverOptions.isolation.default,
    strict = serverOptions.strict.default,
    showChanges = serverOptions.showChanges.default,
    log = shownLogOf(process.env),
    hold = holdOf(process.env),
    ...others
  } = options
  const { application: given, instance: rest } = applicationPart(others)
  const { replication, rest: instance } = replicationPart(rest)
  const application = resolveApplication({ options: given, baseDirOf })
  if (application) checkWithApplication({ ...instance, ...replication })
  const replicaSet = application ? undefined : resolveReplicaSet(name, replication, { options: instance, baseDirOf })
  const defaults = application ? { timeout: clusterTimeout } : {}
  return {
    ...resolveGiven(replicaSet?.given ?? { options: { ...defaults, ...instance }, baseDirOf }),
    ...{ isolation, strict, showChanges, log, hold, application, replicaSet },
  }
}

/**
 * The servers of a run for one version. A server that names a version or program of its own keeps it, if another server
 * has the run's version. A run in which no server has the version would not test that version.
 */
function forVersion(servers: ReadonlyMap<string, ServerOptions>, version: string): Map<string, ServerOptions> {
  checkVersion('tarantool', version)
  const all = [...servers.values()]
  const isCertain = all.some(server => (server.version ?? version) === version && !namesProgram(server))
  const others = all.flatMap(server => (server.version === undefined ? [] : [server.version]))
  if (others.length === all.length && !others.includes(version)) {
    const names = [...new Set(others)].map(name => `'${name}'`).join(', ')
    throw new InvalidOptionError(`this run is for Tarantool ${version}, but its config asks for version ${names}`, {
      hint: "Leave out 'version' in the config: the project's own version is the default.",
    })
  }
  const isOther = (server: ServerOptions): boolean =>
    server.version !== undefined || (isCertain && namesProgram(server))
  return new Map([...servers].map(([name, server]) => [name, isOther(server) ? server : { ...server, version }]))
}
