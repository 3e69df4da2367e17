import { execa } from 'execa'
import { expect, type TestContext } from 'vitest'
import { appOfMembers } from '../../../support/clusters.ts'
import { skipWithout } from '../../../support/features.ts'
import { filesOf } from '../../support/code-blocks.ts'
import { Project } from '../../support/project.ts'
import { type PageChecks, passes, shared, vitest } from './projects.ts'

/** The application that the page has in mind. */
const myApp: Readonly<Record<string, string>> = {
  'my-app/router.lua': "function greet(name) return 'hello, ' .. name end",
  'my-app/storage.lua': `
    if box.info.ro then return end
    box.schema.space.create('users', { if_not_exists = true }):create_index('id', { if_not_exists = true })`,
  'my-app/config.yaml': `
credentials:
  users: { replicator: { password: secret, roles: [replication] }, support: { password: secret, roles: [super] } }
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

/** Runs a project whose server is the application. `count` tests pass. */
export async function passesWithApp(
  files: Readonly<Record<string, string>>,
  count: number,
  context: TestContext,
): Promise<void> {
  skipWithout('a config file', context)
  await passes(vitest, { ...shared, ...myApp, ...files }, count)
}

export const clusters: PageChecks = {
  Clusters: async (blocks, context) => {
    await passesWithApp(filesOf(blocks), 2, context)
  },
  Options: async (blocks, context) => {
    const test = `
      import { useTarantool } from 'tarantool-fixture/vitest'
      import { expect, test } from 'vitest'
      const tarantool = useTarantool()
      test('has the options', async () => {
        expect((await tarantool.leader('s')).port).toBe(tarantool.instance('storage-002').port)
        expect(await tarantool.eval("return box.cfg.replication_timeout, box.space._user.index.name:count('support')")).toEqual([0.1, 0])
      })`
    await passesWithApp({ ...filesOf(blocks), 'a.test.ts': test }, 1, context)
  },
  'Seeds and templates': async (blocks, context) => {
    const test = `
      import { useTarantool } from 'tarantool-fixture/vitest'
      import { expect, test } from 'vitest'
      const tarantool = useTarantool()
      test('has the rows', async () => {
        expect(await tarantool.instance('storage-002').eval('return box.space.users:select()')).toEqual([[[1, 'ann'], [2, 'bob']]])
      })`
    await passesWithApp({ ...filesOf(blocks), 'a.test.ts': test }, 1, context)
  },
  'Replica sets': async blocks => {
    await passes(vitest, { ...shared, ...filesOf(blocks), 'app.lua': appOfMembers }, 2)
  },
  'Without a runner': async ([block], context) => {
    const output = await runBeside(block?.text ?? '', context)
    expect(output).toBe(
      "[ 'router-001', 'storage-001', 'storage-002' ]\n{ r: [ 'router-001' ], s: [ 'storage-001', 'storage-002' ] }",
    )
  },
  'A replica set without a runner': async ([block]) => {
    const project = new Project(vitest, { 'app.lua': appOfMembers, 'script.mjs': block?.text ?? '' })
    const { stdout } = await execa('node', ['script.mjs'], { cwd: project.directory })
    expect(stdout).toBe('replica-2')
    await expect.poll(() => project.servers(), { timeout: 5000 }).toEqual([])
  },
}
