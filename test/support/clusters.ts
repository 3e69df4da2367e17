import { afterEach } from 'vitest'
import {
  type AnyCluster,
  type ClusterOptions,
  type ReplicaSetOptions,
  TarantoolCluster,
  TarantoolReplicaSet,
} from '../../src/index.ts'
import { writeFiles } from './instances.ts'

const made: AnyCluster[] = []

afterEach(async () => {
  await Promise.all(made.splice(0).map(cluster => cluster.kill()))
})

/** A cluster that is ended after the test. */
export function newCluster(options: ClusterOptions, baseDir?: string): TarantoolCluster {
  const cluster = new TarantoolCluster({ quiet: true, ...options }, baseDir)
  made.push(cluster)
  return cluster
}

/** A replica set that is ended after the test. */
export function newReplicaSet(options: ReplicaSetOptions, baseDir?: string): TarantoolReplicaSet {
  const set = new TarantoolReplicaSet({ quiet: true, ...options }, baseDir)
  made.push(set)
  return set
}

/** An application that runs on each member, and creates its spaces without a look at what is there. */
export const appOfMembers = `
box.schema.space.create('users', { if_not_exists = true }):create_index('id', { if_not_exists = true })
function add_user(id, name) return box.space.users:insert({ id, name }) end
function count_users() return box.space.users:count() end
`

const schema = `
box.watch('box.status', function()
    if box.info.ro then return end
    box.schema.space.create('users', { if_not_exists = true }):create_index('id', { if_not_exists = true })
end)
function add_user(id, name) return box.space.users:insert({ id, name }) end
function where_am_i() return box.info.name, require('fio').cwd() end
`

/** An application of one instance that does not replicate. */
export const oneInstance = (more = ''): string =>
  writeFiles({
    'app.lua': schema,
    'config.yaml': `
credentials: { users: { app: { password: secret, roles: [super] }, locked: { } } }
app: { file: app.lua }
groups: { g: { replicasets: { r: { instances: { only-001: {} } } } } }
${more}`,
  })

/** The files of an application of a router, and a replica set of two storages whose leader is `s-001`. */
export const filesOfThree: Readonly<Record<string, string>> = {
  'storage.lua': schema,
  'router.lua': "function greet() return 'hello from ' .. box.info.name end",
  'config.yaml': `
credentials:
  users:
    replicator: { password: topsecret, roles: [replication] }
    app: { password: secret, roles: [super] }
iproto:
  listen: [ { uri: '10.1.2.3:3301' } ]
  advertise: { peer: { login: replicator, uri: 'production.example:3301' } }
replication: { failover: manual, timeout: 0.1 }
groups:
  routers:
    app: { file: router.lua }
    replicasets: { r: { leader: r-001, instances: { r-001: {} } } }
  storages:
    app: { file: storage.lua }
    replicasets: { s: { leader: s-001, instances: { s-001: {}, s-002: {} } } }
`,
}

/** The directory of such an application, with other or further files. */
export const threeInstances = (files: Readonly<Record<string, string>> = {}): string =>
  writeFiles({ ...filesOfThree, ...files })
