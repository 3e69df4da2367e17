import { describe, expect, test } from 'vitest'
import type { InstanceOptions, TarantoolInstance } from '../../../../src/index.ts'
import { IprotoConnection } from '../../../../src/protocol/iproto/connection.ts'
import { newInstance, startInstance, useOwnCache } from '../../../support/instances.ts'
import { hasSandbox, needsSandbox, sandbox } from '../../../support/sandbox.ts'
import { hasUserNamespaces, needsUserNamespaces, tarantoolAsNobody } from '../../../support/user-namespace.ts'

const asGuest = async ({ port }: TarantoolInstance): Promise<unknown> => {
  const connection = await IprotoConnection.connect({ host: '127.0.0.1', port: port as number })
  try {
    return await connection.eval("return 'the answer'").catch((error: Error) => error.message)
  } finally {
    connection.close()
  }
}

/** For a machine that is busy. */
const patient = { timeout: 60_000 }

const denied = expect.stringContaining("access to universe '' is denied for user 'guest'")
const account = { user: 'tester', password: expect.stringMatching(/^[0-9a-f]{24}$/) }

describe.each(['0.0.0.0', '*'])('a server that others than this machine may reach (%s)', host => {
  test('has an account that was made up, and guest has no rights', async () => {
    const instance = newInstance({ host })
    const { credentials } = instance
    expect(credentials).toEqual(account)
    await instance.start()
    expect(instance.uri).toBe(`tester:${credentials?.password}@${host}:${instance.port}`)
    expect(await asGuest(instance)).toEqual(denied)
    expect(await instance.eval('return box.session.user()')).toEqual(['tester'])
    await instance.eval("box.schema.space.create('made')")
    await instance.restart()
    expect(instance.credentials).toEqual(credentials)
    expect(await instance.eval('return 1')).toEqual([1])
  })
})

test.each<{ what: string; options: InstanceOptions; credentials: unknown }>([
  {
    what: 'credentials',
    options: { credentials: { user: 'ann', password: 'b' } },
    credentials: { user: 'ann', password: 'b' },
  },
  { what: "access: 'any'", options: { access: 'any' }, credentials: undefined },
])('a server on every address has what the user says: $what', async ({ options, credentials }) => {
  const instance = await startInstance({ host: '0.0.0.0', ...options })
  expect(instance.credentials).toEqual(credentials)
  expect(await asGuest(instance)).toEqual(credentials ? denied : ['the answer'])
})

test('an init script that knows no account has one all the same', async () => {
  const initLuaTemplate = 'box.cfg(<% boxCfg %>) <% appLua %>'
  const instance = await startInstance({ host: '0.0.0.0', initLuaTemplate })
  expect(await instance.eval('return box.session.user()')).toEqual(['tester'])
  expect(await asGuest(instance)).toEqual(denied)
  await instance.restart()
  expect(await instance.eval('return 1')).toEqual([1])
})

test('the servers of one process have one account: one that replicates knows that of its source', async () => {
  const master = await startInstance({ host: '0.0.0.0', walMode: 'write' })
  const replica = await startInstance({
    host: '0.0.0.0',
    replicationSource: master.uri,
    boxCfg: { read_only: true },
  })
  await master.eval("box.schema.space.create('made'):create_index('pk')")
  await expect.poll(() => replica.eval('return box.space.made ~= nil'), patient).toEqual([true])
})

describe.skipIf(!hasSandbox)(`a server that cannot ask who owns a connection (${needsSandbox})`, () => {
  useOwnCache()

  test('has a password instead, from its first start on', async () => {
    const options = { commandToRun: sandbox(), recordChanges: true }
    const instance = newInstance(options)
    await instance.start()
    expect(instance.credentials).toEqual(account)
    expect(instance.uri).toContain(`tester:${instance.credentials?.password}@127.0.0.1:`)
    expect(await asGuest(instance)).toEqual(denied)
    expect(await instance.eval('return box.session.user()')).toEqual(['tester'])
    await instance.reset()
    await instance.restart({ recreate: true })
    expect(await asGuest(instance)).toEqual(denied)
    // The next one of this process knows beforehand.
    expect(newInstance(options).credentials).toEqual(instance.credentials)
    expect(newInstance({ ...options, access: 'any' }).credentials).toBeUndefined()
    expect(newInstance().credentials).toBeUndefined()
  })

  test('starts from no template of a server whose guest may do all', async () => {
    const seeded = {
      appLua: "box.schema.space.create('made', { if_not_exists = true }):create_index('pk', { if_not_exists = true })",
      seed: { made: [[1]] },
    }
    for (let start = 1; start <= 2; start++) await (await startInstance(seeded)).stop()
    const instance = await startInstance({ ...seeded, commandToRun: sandbox() })
    expect(await asGuest(instance)).toEqual(denied)
    expect(await instance.eval('return box.space.made:count()')).toEqual([1])
  })

  test('needs none on a unix socket, nor where the user says so', async () => {
    for (const options of [{ host: 'unix/' }, { access: 'any' }] as const) {
      const instance = await startInstance({ commandToRun: sandbox(), ...options })
      expect(instance.credentials).toBeUndefined()
      expect(await instance.eval('return box.session.user()')).toEqual(['guest'])
    }
  })

  test('lets nobody but those in who know the credentials, where there are some', async () => {
    const credentials = { user: 'ann', password: 'secret' }
    const instance = await startInstance({ commandToRun: sandbox(), credentials })
    expect(await instance.eval('return box.session.user()')).toEqual(['ann'])
    expect(await asGuest(instance)).toEqual(denied)
  })
})

test.skipIf(!hasUserNamespaces)(
  `a server that runs as nobody, as which its user namespace shows all others, has a password (${needsUserNamespaces})`,
  async () => {
    const instance = await startInstance({ commandToRun: tarantoolAsNobody() })
    expect(instance.credentials).toEqual(account)
    expect(await asGuest(instance)).toEqual(denied)
    expect(await instance.eval('return box.session.user()')).toEqual(['tester'])
  },
)
