import { expect, test } from 'vitest'
import { startInstance } from '../support/instances.ts'
import { ask } from './agent.ts'

/** The kind of object, the Lua that makes one of a name, the Lua that drops it, and the space of the schema that lists it. */
const kinds: [kind: string, make: string, drop: string, space: string][] = [
  ['users', 'box.schema.user.create(name)', 'box.schema.user.drop(name)', '_user'],
  ['roles', 'box.schema.role.create(name)', 'box.schema.role.drop(name)', '_user'],
  ['sequences', 'box.schema.sequence.create(name)', 'box.sequence[name]:drop()', '_sequence'],
  ['functions', 'box.schema.func.create(name)', 'box.schema.func.drop(name)', '_func'],
  ['spaces', "box.schema.space.create(name):create_index('pk')", 'box.space[name]:drop()', '_space'],
  [
    'collations',
    "box.internal.collation.create(name, 'ICU', 'ru-RU')",
    'box.internal.collation.drop(name)',
    '_collation',
  ],
]

// Enough that no order of the undo is right by accident.
const each = (lua: string, names: string): string => `for name in ('${names}'):gmatch('%a') do ${lua} end`

test.each(kinds)(
  '%s that were dropped and made again in another order get their ids back',
  async (...[, make, drop, space]) => {
    const server = await startInstance({ appLua: each(make, 'abcdef'), recordChanges: true, walMode: 'write' })
    const rows = async (): Promise<unknown> => (await server.eval(`return box.space.${space}:select()`))[0]
    const before = await rows()
    await ask(server, 'enter', 1)
    await server.command(`${each(drop, 'abcdef')} ${each(make, 'fdbeac')}`)
    expect(await rows()).not.toEqual(before)
    expect(await ask(server, 'enter', 1)).toMatchObject({ undone: expect.any(Number) })
    expect(await rows()).toEqual(before)
  },
)

test.each([
  ['a role', "box.schema.role.drop('b') box.schema.user.drop('a') box.schema.role.create('b')"],
  ['a user', "box.schema.role.drop('b') box.schema.user.drop('a') box.schema.user.create('b')"],
])('%s that has the id of a user, and the name of a role', async (_, change) => {
  const appLua = "box.schema.user.create('a') box.schema.role.create('b')"
  const server = await startInstance({ appLua, recordChanges: true, walMode: 'write' })
  const rows = async (): Promise<unknown> => (await server.eval('return box.space._user:select()'))[0]
  const before = await rows()
  await ask(server, 'enter', 1)
  await server.command(change)
  expect(await ask(server, 'enter', 1)).toMatchObject({ undone: expect.any(Number) })
  expect(await rows()).toEqual(before)
})
