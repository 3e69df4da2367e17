import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { ClusterOptions } from '../../src/index.ts'
import { TarantoolCluster, TarantoolInstance, TarantoolReplicaSet } from '../../src/index.ts'
import { newCluster, newReplicaSet, oneInstance, threeInstances } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { contentOf, temporaryDirectory, useOwnCache, writeFiles } from '../support/instances.ts'

useOwnCache()

const withConfig = (config: string): string => writeFiles({ 'config.yaml': config })
const one = 'groups: { g: { replicasets: { r: { instances: { i: {} } } } } }'
const two = 'groups: { g: { replicasets: { r: { instances: { i: {}, j: {} } } } } }'

test.each<[string, object, string]>([
  ['a directory without a config', {}, 'has no config.yaml'],
  ['no such directory', { app: './nowhere' }, 'nowhere does not exist'],
  ['a path with an empty part', { app: 'x', set: { 'a..b': 1 } }, "'a..b' is not a path"],
  ['a value that YAML has not', { app: 'x', set: { a: () => 1 } }, "option 'set.a' must be a string"],
  ['an empty list of instances', { instances: [] }, "option 'instances' must name at least one instance"],
  ['a list of paths', { app: 'x', set: [] }, "option 'set' must be an object, not an array"],
])('%s', (_, options, message) => {
  const app = temporaryDirectory()
  const given = { app, ...options, ...('set' in options && { app: withConfig(one) }) } as ClusterOptions
  expect(() => new TarantoolCluster(given)).toThrow(message)
})

interface OtherClass {
  readonly make: () => unknown
  readonly message: string
  readonly hint: string
}

const ofReplicaSet = 'TarantoolReplicaSet has this option: it is a replica set without a config file.'
const ofCluster = 'TarantoolCluster has this option: it is an application with a config.yaml.'
const ofRunner = "The config of a test runner has this option, beside the server's options."

const cluster =
  (options: object): OtherClass['make'] =>
  () =>
    new TarantoolCluster({ app: 'x', ...options } as ClusterOptions)
const set =
  (options: object): OtherClass['make'] =>
  () =>
    new TarantoolReplicaSet({ replicas: 2, ...options })
const instance =
  (options: object): OtherClass['make'] =>
  () =>
    new TarantoolInstance(options)

test.each<OtherClass>([
  ...['replicas', 'failover', 'leader', 'members', 'name'].flatMap(option => [
    { make: cluster({ [option]: 3 }), message: `TarantoolCluster: unknown option '${option}'`, hint: ofReplicaSet },
    { make: instance({ [option]: 3 }), message: `TarantoolInstance: unknown option '${option}'`, hint: ofReplicaSet },
  ]),
  ...['app', 'instances', 'connect', 'as', 'set', 'ready', 'seedOn'].flatMap(option => [
    { make: set({ [option]: 'x' }), message: `TarantoolReplicaSet: unknown option '${option}'`, hint: ofCluster },
    { make: instance({ [option]: 'x' }), message: `TarantoolInstance: unknown option '${option}'`, hint: ofCluster },
  ]),
  ...[cluster, set, instance].map(make => ({
    ...{ make: make({ config: './config.yaml' }), message: "unknown option 'config'" },
    hint: "TarantoolCluster is an application with a config.yaml: its option 'app' names the directory, or the file.",
  })),
  ...[cluster, set, instance].flatMap(make =>
    ['isolation', 'strict', 'servers', 'maxServers'].map(option => ({
      ...{ make: make({ [option]: true }), message: `unknown option '${option}'`, hint: ofRunner },
    })),
  ),
  {
    ...{ make: cluster({ boxCfg: {} }), message: "TarantoolCluster: unknown option 'boxCfg'" },
    hint: "Use 'set', with a path of Tarantool's config.",
  },
  {
    ...{ make: cluster({ credentials: 'random' }), message: "TarantoolCluster: unknown option 'credentials'" },
    hint: "Use 'as', with a user of the config.",
  },
  {
    ...{ make: cluster({ timeot: 1 }), message: "TarantoolCluster: unknown option 'timeot'" },
    hint: "Did you mean 'timeout'?",
  },
  {
    ...{ make: cluster({ app: undefined }), message: "TarantoolCluster needs the option 'app'" },
    hint: 'It names a directory with a config.yaml. TarantoolReplicaSet needs no config.',
  },
  {
    ...{ make: set({ replicas: undefined }), message: "TarantoolReplicaSet needs the option 'replicas'" },
    hint: 'It is the number of members. TarantoolInstance is a single server.',
  },
])('an option that a class does not have: $message', ({ make, message, hint }) => {
  const refusal = expect.objectContaining({ summary: expect.stringContaining(message), hint })
  expect(make).toThrow(refusal)
})

const long = 'x'.repeat(61)

test.each<[string, object, string, string?]>([
  ['a list of members', { members: [] }, "option 'members' must be an object, not an array"],
  ['a list for a member', { members: { 'replica-1': [] } }, "member 'replica-1': the options must be an object"],
  ['a member without options', { members: { 'replica-1': null } }, "option 'members.replica-1' must be an object"],
  ['a list as boxCfg', { boxCfg: [] }, "option 'boxCfg' must be an object, not an array"],
  ['a list as env', { env: [] }, "option 'env' must be an object, not an array"],
  [
    ...(['a leader that is none', { leader: 'replica-9' }, "the replica set has no member 'replica-9'"] as const),
    'Members: replica-1, replica-2.',
  ],
  [
    ...(['options of no member', { members: { 'replica-9': {} } }, "has no member 'replica-9'"] as const),
    'Members: replica-1, replica-2.',
  ],
  [
    ...([
      'a long name',
      { name: long },
      `a replica set cannot be named '${long}': the name has 61 characters`,
    ] as const),
    'A name has at most 60 characters. The members are named after the set.',
  ],
])('a replica set with %s', (_, options, message, hint) => {
  const refusal = { summary: expect.stringContaining(message), ...(hint !== undefined && { hint }) }
  expect(() => new TarantoolReplicaSet({ replicas: 2, ...options })).toThrow(expect.objectContaining(refusal))
})

test('the longest name of a replica set fits', async () => {
  const named = await newReplicaSet({ replicas: 2, name: long.slice(1) }).start()
  expect(named.instances.map(({ name }) => name.length)).toEqual([62, 62])
})

interface Refusal {
  readonly name: string
  readonly config: string
  readonly options?: Partial<ClusterOptions>
  readonly code?: string
  readonly message: RegExp
  readonly advice?: string
}

const refusals: readonly Refusal[] = [
  {
    name: 'an unknown option',
    config: `replication: { timeou: 1 }\n${one}`,
    message: /config\.yaml: .*replication: Unexpected field "timeou"/,
  },
  { name: 'YAML that is none', config: '{ groups: [', message: /config\.yaml: .*line: 2/s },
  { name: 'an empty file', config: '', message: /config\.yaml: / },
  {
    ...{ name: 'no instance', config: 'groups: {}', message: /config\.yaml has no instances/ },
    advice: 'An instance is a key of groups.',
  },
  {
    name: 'an option of the Enterprise Edition',
    config: `security: { auth_type: pap-sha256 }\n${one}`,
    message: /config\.yaml: .*Community Edition/,
    advice: "set: { 'security.auth_type': null }",
  },
  {
    name: 'etcd',
    config: `config: { etcd: { prefix: /shop } }\n${one}`,
    message: /config\.etcd is not supported/,
    advice: "'config.etcd': null",
  },
  {
    name: 'a config storage',
    config: `config: { storage: { prefix: /shop } }\n${one}`,
    message: /config\.storage is not supported/,
  },
  {
    name: 'a role that is nowhere',
    config: `roles: [no-such-role]\n${one}`,
    message: /Tarantool i\[.*\] did not start: .*module 'no-such-role' not found/,
    advice: '.rocks',
  },
  {
    name: 'a leader that is nowhere',
    config: one.replace('r: {', 'r: { replication: { failover: manual }, leader: x,'),
    message: /instance "x" is not found/,
  },
  {
    name: 'only read-only instances',
    config: two,
    message: /No leader to register new instance/,
    advice: 'Name a leader',
  },
  {
    name: 'instances: an unknown name',
    config: two,
    options: { instances: ['k'] },
    code: 'INVALID_OPTION',
    message: /no instance 'k'/,
  },
  {
    name: 'instances: an expression without a match',
    config: two,
    options: { instances: /^x/ },
    code: 'INVALID_OPTION',
    message: /matches \/\^x\//,
  },
  {
    name: 'connect: an unknown name',
    config: two,
    options: { connect: 'k' },
    code: 'INVALID_OPTION',
    message: /no instance 'k'/,
  },
  {
    name: 'connect: an instance that is left out',
    config: two,
    options: { connect: 'i', instances: 'j' },
    code: 'INVALID_OPTION',
    message: /'i' is not among those to start/,
  },
  {
    name: 'as: an unknown user',
    config: one,
    options: { as: 'app' },
    code: 'INVALID_OPTION',
    message: /no user 'app'/,
  },
  {
    name: 'set: an unknown option',
    config: one,
    options: { set: { 'replication.timeou': 1 } },
    code: 'INVALID_OPTION',
    message: /option 'set' does not fit .*Unexpected field "timeou"/,
  },
  {
    name: 'set: a wrong type',
    config: one,
    options: { set: { 'replication.timeout': 'x' } },
    code: 'INVALID_OPTION',
    message: /replication\.timeout: .*Unable to parse a number/,
  },
  {
    name: 'ready: what does not compile',
    config: one,
    options: { ready: 'return (' },
    code: 'INIT_SCRIPT',
    message: /ready:1: unexpected symbol/,
  },
  {
    name: 'ready: what never holds',
    config: one,
    options: { ready: 'return false', timeout: 2500 },
    code: 'START_TIMEOUT',
    message: /'ready' is not true: return false/,
  },
]

describe('refused with a reason', () => {
  beforeEach(context => skipWithout('a config file', context))

  test.each(refusals)('$name', async ({ config, options, code = 'CLUSTER_CONFIG', message, advice = '' }) => {
    const cluster = newCluster({ app: withConfig(config), ...options })
    await expect(cluster.start()).rejects.toMatchObject({
      code: `ERR_TARANTOOL_${code}`,
      summary: expect.stringMatching(message),
      message: expect.stringContaining(advice),
    })
    expect(contentOf(cluster.directory)).toEqual([])
  })

  test('set: null removes what Tarantool or the fixture would refuse', async () => {
    const config = `config: { etcd: { prefix: /shop } }\nsecurity: { auth_type: pap-sha256 }\n${one}`
    const set = { 'config.etcd': null, 'security.auth_type': null }
    const cluster = await newCluster({ app: withConfig(config), set }).start()
    expect(await cluster.instance().eval("return require('config'):get('security.auth_type')")).toEqual(['chap-sha1'])
  })

  test('as: a user whose password is not in the config', async () => {
    const app = oneInstance()
    await expect(newCluster({ app, as: 'locked' }).start()).rejects.toThrow("password of the user 'locked'")
    const set = { 'credentials.users.locked.password': 'open', 'credentials.users.locked.roles': ['super'] }
    const cluster = await newCluster({ app, as: 'locked', set }).start()
    expect(await cluster.instance().eval('return box.session.user()')).toEqual(['locked'])
  })

  test('instances.yml names an instance that the config does not have', async () => {
    const app = threeInstances({ 'instances.yml': 's-001:\ns-009:\n' })
    await expect(newCluster({ app }).start()).rejects.toThrow(/instances\.yml names the instance 's-009'/)
  })

  test('the path of a socket is too long', async () => {
    const root = join(temporaryDirectory(), 'x'.repeat(100))
    await expect(newCluster({ app: oneInstance(), root }).start()).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_SOCKET_PATH_TOO_LONG',
      summary: expect.stringContaining("instance 'only-001'"),
    })
  })

  test('reload: a config that Tarantool refuses leaves the former in force', async () => {
    const cluster = await newCluster({ app: oneInstance() }).start()
    for (const overlay of [5, 'log', null, []]) {
      await expect(cluster.set(overlay as never)).rejects.toThrow('set(): the options must be an object')
    }
    await expect(cluster.set({ 'log.levl': 7 })).rejects.toMatchObject({ code: 'ERR_TARANTOOL_INVALID_OPTION' })
    await cluster.set({ 'log.level': 7 })
    expect(await cluster.instance().eval('return box.cfg.log_level')).toEqual([7])
  })

  test('set: an option of a group, a replica set or an instance that the config does not have', async () => {
    const app = threeInstances()
    const [group, replicaset] = ['groups.h.log.level', 'groups.storages.replicasets.z.log.level']
    const refusals = {
      [group]: "the config has no group 'h' with instances. Its groups: 'routers', 'storages'",
      [replicaset]: "the config has no replica set 'z' with instances in the group 'storages'. Its replica sets: 's'",
    }
    for (const [path, message] of Object.entries(refusals)) {
      await expect(newCluster({ app, set: { [path]: 7 } }).start()).rejects.toThrow(message)
    }
    const cluster = await newCluster({ app }).start()
    const refused = { ...refusals, 'groups.storages.replicasets.s.instances.s-01.log.level': "has no instance 's-01'" }
    for (const [path, message] of Object.entries(refused)) {
      await expect(cluster.set({ [path]: 7 })).rejects.toMatchObject({
        code: 'ERR_TARANTOOL_INVALID_OPTION',
        message: expect.stringContaining(message),
      })
    }
    await cluster.set({ 'groups.storages.replicasets.s.log.level': 7, 'groups.h': null })
    expect(await cluster.instance('s-001').eval('return box.cfg.log_level')).toEqual([7])
  })

  test('an unknown name in a request', async () => {
    const cluster = await newCluster({ app: threeInstances() }).start()
    expect(() => cluster.instance('s-01')).toThrow("no instance of the cluster is named 's-01'")
    await expect(cluster.leader('t')).rejects.toThrow("no replica set of the cluster is named 't'")
    await expect(cluster.leader()).rejects.toThrow('the cluster has 2 replica sets, and the request names none')
  })
})
