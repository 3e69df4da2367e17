import { expect, test } from 'vitest'
import { newCluster, newReplicaSet } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { writeFiles } from '../support/instances.ts'

// Names that files of the fixture could have, beside the directories of the instances.
const names = ['a1', 'c2', 'config', 'constructor', 'p3', 's4']

test('instances of a config may have any name', async context => {
  skipWithout('a config file', context)
  const app = writeFiles({
    'config.yaml': `
credentials: { users: { replicator: { password: secret, roles: [replication] } } }
iproto: { advertise: { peer: { login: replicator } } }
replication: { failover: manual, timeout: 0.1 }
groups: { g: { replicasets: { r: { leader: a1, instances: { ${names.map(name => `${name}: {}`).join(', ')} } } } } }
`,
  })
  for (const links of [false, true]) {
    const cluster = await newCluster({ app, links }).start()
    expect(cluster.instances.map(({ name }) => name)).toEqual(names)
    await cluster.waitForFullMesh()
    await cluster.stop()
  }
})

test('members of a replica set may have any name', async () => {
  const set = await newReplicaSet({ replicas: 2, links: true }).start()
  for (const name of names) await set.addReplica({ name })
  await set.waitForFullMesh()
  expect(set.instances.map(({ name }) => name).slice(2)).toEqual(names)
})
