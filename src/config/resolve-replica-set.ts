import * as v from 'valibot'
import { InvalidOptionError } from '../errors.ts'
import { checkOptions } from './check.ts'
import type { Given } from './layers.ts'
import { nearestName } from './nearest-name.ts'
import { ownerOf } from './option-owners.ts'
import type { InstanceOptions } from './options.ts'
import {
  type AddedMemberOptions,
  type MemberOption,
  type MemberOptions,
  memberOptionNames,
  type ReplicaSetOptions,
  type ReplicationOptions,
} from './replica-set-options.ts'
import { type ResolvedOptions, resolveGiven } from './resolve.ts'
import { clusterTimeout } from './resolve-application.ts'
import { instanceOptions } from './table/instance.ts'
import { entriesOf } from './table/option.ts'
import { replicationOptions } from './table/replica-set.ts'
import { text } from './table/types.ts'
import { checkVersion } from './version.ts'

/** The fields of an instance's checked options that a member has for itself. */
type OwnFields = Pick<ResolvedOptions, Exclude<MemberOption, 'slabAllocArena'>>

/** A member of a replica set, with the options that it has for itself. */
export interface ResolvedMember {
  readonly name: string
  readonly own: OwnFields
}

/** A checked replica set. */
export interface ResolvedReplicaSet {
  /** The members are named after it. */
  readonly name: string
  readonly failover: 'manual' | 'election'
  /** The name of the member that is writable, or the first to be elected. */
  readonly leader: string
  readonly members: readonly ResolvedMember[]
  /** The options of the set as they were given, for members that are added. */
  readonly given: Given<InstanceOptions>
}

/** The checked options of a replica set. */
export interface ReplicaSetWithOptions {
  readonly replicaSet: ResolvedReplicaSet
  /** The options that all members share. */
  readonly shared: ResolvedOptions
}

/** A name that is a directory's name and a part of a message. */
const memberName = /^[A-Za-z][A-Za-z0-9_-]*$/
const nameRule = 'A name consists of letters, digits, - and _, and begins with a letter.'

/** Tarantool's own limit for the name of an instance. */
const longestName = 63
/** A member's name adds a number of two digits. */
const longestNameOfSet = longestName - 3

const memberEntries = entriesOf(Object.fromEntries(memberOptionNames.map(name => [name, instanceOptions[name]])))

const entries = {
  ...entriesOf({ ...instanceOptions, ...replicationOptions }),
  name: entriesOf({ name: { type: text, takes: 'string', doc: '' } }).name,
} as ReturnType<typeof entriesOf>

const refuse = (message: string, hint?: string): never => {
  throw new InvalidOptionError(message, { hint })
}

/** The options of a replica set among all options of a server. */
export function replicationPart<Options extends ReplicationOptions>(
  options: Options,
): { replication: ReplicationOptions; rest: Omit<Options, keyof ReplicationOptions> } {
  const { replicas, failover, leader, members, ...rest } = options
  return { replication: { replicas, failover, leader, members }, rest }
}

// Each member has an address and a place of its own, which the fixture chooses.
const unfit: Readonly<Partial<Record<keyof InstanceOptions, string>>> = {
  host: 'The members listen on 127.0.0.1.',
  port: 'Several members cannot have one port. Each has a free port of its own.',
  ports: 'Several members cannot have one set of ports.',
  consoleHost: 'Each member has a console in its own directory.',
  consolePort: 'Several members cannot have one console. Each has a console in its own directory.',
  replicationSource: 'The members replicate with each other.',
  docker: 'Replica sets run on this machine only.',
  title: "Give each member its own: members: { 'db-1': { title: … } }.",
}

// The replica set decides these options of box.cfg.
const ownBoxCfg: Readonly<Record<string, string>> = {
  replication: 'The members replicate with each other.',
  replication_source: 'The members replicate with each other.',
  replicaset_uuid: 'The fixture chooses it.',
  instance_uuid: 'The fixture chooses it.',
  read_only: "The option 'leader' names the writable member.",
}

function checkFit(options: InstanceOptions): void {
  for (const [name, hint] of Object.entries(unfit)) {
    if (options[name as keyof InstanceOptions] !== undefined)
      refuse(`option '${name}' cannot be used with 'replicas'`, hint)
  }
  const { credentials } = options
  if (typeof credentials === 'object' && !/^[\w.~-]+ [\w.~-]+$/.test(`${credentials.user} ${credentials.password}`)) {
    refuse(
      "option 'credentials': user and password of a replica set consist of letters, digits and . _ ~ -",
      'The members log in with a URI, in which other characters have a meaning.',
    )
  }
}

function checkMember({ walMode, boxCfg = {} }: InstanceOptions, of: string): void {
  if (walMode === 'none') {
    refuse(`${of}option 'walMode' cannot be 'none': nobody could replicate from the server`, "Use 'write' or 'fsync'.")
  }
  for (const [name, hint] of Object.entries(ownBoxCfg)) {
    if (boxCfg[name] !== undefined) refuse(`${of}option 'boxCfg.${name}' cannot be used with 'replicas'`, hint)
  }
}

/** Says where an option belongs that a member cannot have for itself. */
function notOfMember(option: string): string | undefined {
  if (!Object.hasOwn(entries, option)) return ownerOf(option)
  return unfit[option as keyof InstanceOptions] ?? 'It holds for all members: give it to the replica set.'
}

/** Checks the options of `addReplica`, for a member of the given name. @throws UnknownOptionError, InvalidOptionError */
export function checkAddedMember(name: string, options: AddedMemberOptions): void {
  checkOptions(`member '${name}'`, { name: v.optional(v.any()), ...memberEntries }, options, notOfMember)
}

/**
 * Checks the options that a member has for itself, and lays them over the options of its set.
 *
 * @throws UnknownOptionError, InvalidOptionError, LuaFileError
 */
export function resolveMember(
  name: string,
  own: MemberOptions,
  { options, baseDirOf }: Given<InstanceOptions>,
): ResolvedMember {
  if (name.length > longestName) {
    refuse(
      `a member cannot be named '${name}': the name has ${name.length} characters`,
      `A name has at most ${longestName} characters, as in Tarantool.`,
    )
  }
  if (!memberName.test(name)) {
    refuse(`a member cannot be named '${name}'`, nameRule)
  }
  checkOptions(`member '${name}'`, memberEntries, own, notOfMember)
  checkMember(own, `member '${name}': `)
  const laidOver: InstanceOptions = {
    ...options,
    ...own,
    boxCfg: { ...options.boxCfg, ...own.boxCfg },
    env: { ...options.env, ...own.env },
  }
  const resolved = resolveGiven({
    options: laidOver,
    baseDirOf: option => baseDirOf(Object.hasOwn(own, option) ? 'members' : option),
  })
  const { title, logLevel, memtxMemory, walMode, initLuaTemplate, appLua, appDir, extraBoxCfg, boxCfg, env } = resolved
  return {
    name,
    own: { title, logLevel, memtxMemory, walMode, initLuaTemplate, appLua, appDir, extraBoxCfg, boxCfg, env },
  }
}

/**
 * Checks a replica set, whose types have been checked. Undefined if the options name a single server.
 *
 * @param name the members are named after it
 * @throws InvalidOptionError, UnknownOptionError, LuaFileError
 */
export function resolveReplicaSet(
  name: string,
  replication: ReplicationOptions,
  instance: Given<InstanceOptions>,
): ResolvedReplicaSet | undefined {
  const { replicas, failover = replicationOptions.failover.default, leader, members = {} } = replication
  if (replicas === undefined) {
    const [without] = Object.entries(replication).find(([, value]) => value !== undefined) ?? []
    if (without !== undefined) refuse(`option '${without}' needs the option 'replicas'`, 'It is the number of members.')
    return undefined
  }
  if (name.length > longestNameOfSet) {
    refuse(
      `a replica set cannot be named '${name}': the name has ${name.length} characters`,
      `A name has at most ${longestNameOfSet} characters. The members are named after the set.`,
    )
  }
  checkFit(instance.options)
  checkMember(instance.options, '')
  const names = Array.from({ length: replicas }, (_, index) => `${name}-${index + 1}`)
  const mustBeMember = (option: string, wanted: string): void => {
    if (names.includes(wanted)) return
    const near = nearestName(wanted, names, { onlyOne: true })
    refuse(
      `option '${option}': the replica set has no member '${wanted}'`,
      near ? `Did you mean '${near}'?` : `Members: ${names.join(', ')}.`,
    )
  }
  for (const wanted of Object.keys(members)) mustBeMember('members', wanted)
  if (leader !== undefined) mustBeMember('leader', leader)
  if (leader !== undefined && failover === 'election') {
    refuse("option 'leader' cannot be used with failover: 'election'", 'The members elect their leader.')
  }
  const given: Given<InstanceOptions> = {
    options: { timeout: clusterTimeout, walMode: 'write', ...instance.options },
    baseDirOf: instance.baseDirOf,
  }
  return {
    name,
    failover,
    leader: leader ?? names[0] ?? '',
    members: names.map(member => resolveMember(member, members[member] ?? {}, given)),
    given,
  }
}

/**
 * Checks the options of a replica set without a runner, and fills in the defaults.
 *
 * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
 */
export function resolveReplicaSetOptions(options: ReplicaSetOptions, baseDir: string): ReplicaSetWithOptions {
  checkOptions('TarantoolReplicaSet', entries, options, ownerOf)
  checkVersion('TarantoolReplicaSet', options.version)
  const { name = 'replica', ...others } = options
  if (!memberName.test(name)) refuse(`option 'name' cannot be '${name}'`, nameRule)
  const { replication, rest } = replicationPart(others)
  const replicaSet = resolveReplicaSet(name, replication, { options: rest, baseDirOf: () => baseDir })
  if (!replicaSet) {
    throw new InvalidOptionError("TarantoolReplicaSet needs the option 'replicas'", {
      hint: 'It is the number of members. TarantoolInstance is a single server.',
    })
  }
  return { replicaSet, shared: resolveGiven(replicaSet.given) }
}
