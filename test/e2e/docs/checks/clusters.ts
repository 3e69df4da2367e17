import { execa } from 'execa'
import { expect, type TestContext } from 'vitest'
import { skipWithout } from '../../../support/features.ts'
import { Project } from '../../support/project.ts'
import { type PageChecks, vitest } from './projects.ts'

/** The application that the page has in mind. */
const myApp: Readonly<Record<string, string>> = {
  'my-app/router.lua': "function greet(name) return 'hello, ' .. name end",
  'my-app/storage.lua': `
    box.watch('box.status', function()
        if box.info.ro then return end
        box.schema.space.create('users', { if_not_exists = true }):create_index('id', { if_not_exists = true })
    end)`,
  'my-app/config.yaml': `
credentials:
  users: { replicator: { password: secret, roles: [replication] }, admin: { password: secret, roles: [super] } }
iproto: { advertise: { peer: { login: replicator } } }
replication: { failover: manual }
groups:
  routers:
    app: { file: router.lua }
    replicasets: { r: { leader: router-001, instances: { router-001: {} } } }
  storages:
    app: { file: storage.lua }
    replicasets: { s: { leader: storage-001, instances: { storage-001: {}, storage-002: {} } } }
`,
}

async function runBeside(text: string, context: TestContext): Promise<string> {
  skipWithout('a config file', context)
  const project = new Project(vitest, { ...myApp, 'script.mjs': text })
  const { stdout } = await execa('node', ['script.mjs'], { cwd: project.directory })
  await expect.poll(() => project.servers(), { timeout: 5000 }).toEqual([])
  return stdout
}

export const clusters: PageChecks = {
  Clusters: async ([block], context) => {
    expect(await runBeside(block?.text ?? '', context)).toBe("[ 'hello, ann' ]\n[ 0 ]")
  },
  Options: async ([block], context) => {
    const start = '\nawait cluster.start()\nconsole.log((await cluster.leader("s")).fingerprint)\nawait cluster.stop()'
    expect(await runBeside(`${block?.text}${start}`, context)).toMatch(/^Tarantool storage-002\[/)
  },
  Instances: async ([block], context) => {
    const output = await runBeside(block?.text ?? '', context)
    expect(output).toBe(
      "[ 'router-001', 'storage-001', 'storage-002' ]\n{ r: [ 'router-001' ], s: [ 'storage-001', 'storage-002' ] }",
    )
  },
}
