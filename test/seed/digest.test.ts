import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TarantoolInstance } from '../../src/index.ts'
import { packageDirectory } from '../../src/package-files.ts'
import { startInstance } from '../support/instances.ts'

const file = (name: string): string => join(packageDirectory, 'fixtures/agent', `${name}.lua`)

const appLua = `
  box.schema.space.create('tree', { format = { { 'id', 'unsigned' }, { 'text', 'string' } } }):create_index('primary')
  box.schema.space.create('hash'):create_index('primary', { type = 'hash' })
  box.schema.space.create('temporary', { temporary = true }):create_index('primary')
  box.schema.space.create('v', { engine = 'vinyl' }):create_index('primary')
  box.schema.space.create('bare')
  box.schema.sequence.create('counter')
  for id = 1, 100 do
    box.space.tree:insert({ id, ('x'):rep(id * 10) })
    box.space.v:insert({ id })
  end
  -- Longer than any buffer begins with.
  box.space.tree:insert({ 1000, ('y'):rep(200000) })`

const start = (lua = ''): Promise<TarantoolInstance> => startInstance({ appLua: `${appLua} ${lua}`, walMode: 'write' })

const digestWith = (options = ''): string =>
  `return (loadfile('${file('digest')}')(dofile('${file('sequence-value')}'))(${options}))`

async function digest(instance: TarantoolInstance): Promise<string> {
  const [text] = await instance.eval<[string]>(digestWith())
  expect(text).toMatch(/^[0-9a-f]{40}$/)
  return text
}

test('two servers that came to the same data in different ways have the same digest', async () => {
  const [one, other] = await Promise.all([
    start('for id = 1, 1000 do box.space.hash:insert({ id }) end'),
    start('for id = 1000, 1, -1 do box.space.hash:insert({ id }) end box.cfg{ log_level = 6 }'),
  ])
  expect(await digest(one)).toBe(await digest(other))
  expect(await digest(one)).toBe(await digest(one))
})

describe('differs after', () => {
  test.each([
    ['a row more', `box.space.tree:insert({ 101, '' })`],
    ['a row less', `box.space.tree:delete(50)`],
    ['a byte', `box.space.tree:update(100, { { ':', 2, 500, 1, 'z' } })`],
    ['the last byte of a long row', `box.space.tree:update(1000, { { ':', 2, 200000, 1, 'z' } })`],
    [
      'two rows that swapped a value',
      `local t = box.space.tree
       local a, b = t:get(1), t:get(2) t:replace({ 1, b[2] }) t:replace({ 2, a[2] })`,
    ],
    ['a row of a temporary space', 'box.space.temporary:insert({ 1 })'],
    ['a row of a vinyl space', 'box.space.v:replace({ 1, 1 })'],
    ['a sequence that advanced', 'box.sequence.counter:next()'],
    ['a space', `box.schema.space.create('new')`],
    ['a format', `box.space.tree:format({ { 'id', 'unsigned' }, { 'word', 'string' } })`],
    ['an index', `box.space.tree:create_index('text', { parts = { 2, 'string' }, unique = false })`],
    ['a user', `box.schema.user.create('ann')`],
    ['a password', `box.schema.user.passwd('admin', 'secret')`],
    ['a grant', `box.schema.user.grant('guest', 'execute', 'role', 'replication')`],
    ['a function', `box.schema.func.create('f')`],
  ])('%s', async (_, lua) => {
    const instance = await start()
    const before = await digest(instance)
    await instance.eval(`box.session.su('admin', function() ${lua} end)`)
    expect(await digest(instance)).not.toBe(before)
  })
})

test('the password of one user can be left out', async () => {
  const instance = await start(`box.schema.user.create('ann', { password = 'a' })`)
  const without = async (): Promise<unknown[]> => await instance.eval(digestWith("{ ignore_password_of = 'ann' }"))
  const before = await without()
  await instance.eval(`box.schema.user.passwd('ann', 'b')`)
  expect(await without()).toEqual(before)
  await instance.eval(`box.schema.user.passwd('admin', 'b')`)
  expect(await without()).not.toEqual(before)
})
