import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listTemplates, templatesRoot } from '../../src/seed/template-cache.ts'
import { contentOf, newInstance, temporaryDirectory, useOwnCache } from '../support/instances.ts'

useOwnCache()

const appLua =
  "box.schema.space.create('users', { if_not_exists = true }):create_index('primary', { if_not_exists = true })"
const seedLua = 'box.space.users:insert({ 1 })'

/** Starts a server, ends it, and gives what the fixture said meanwhile. */
async function startAndStop(): Promise<string[]> {
  const lines: string[] = []
  const instance = await newInstance({ appLua, seedLua, logger: line => lines.push(line) }).start()
  expect(await instance.eval('return box.space.users:count()')).toEqual([1])
  await instance.stop()
  return lines.filter(line => line.startsWith('tarantool-fixture: '))
}

const root = (): string => templatesRoot() ?? ''

test('a template is for its owner only, whatever the umask', async () => {
  const before = process.umask(0)
  try {
    await startAndStop()
    await startAndStop()
  } finally {
    process.umask(before)
  }
  expect(await listTemplates(root())).toHaveLength(1)
  const paths = [root(), ...readdirSync(root(), { recursive: true, encoding: 'utf8' }).map(name => join(root(), name))]
  expect(paths.length).toBeGreaterThan(3)
  for (const path of paths) {
    const status = lstatSync(path)
    expect([path, status.mode & 0o777]).toEqual([path, status.isDirectory() ? 0o700 : 0o600])
  }
})

test('a cache that others may write to has no templates: a line says so, and the seed runs', async () => {
  const cache = temporaryDirectory()
  process.env.TARANTOOL_FIXTURE_CACHE = join(cache, 'below')
  await startAndStop()
  expect(contentOf(root())).toHaveLength(1)
  chmodSync(cache, 0o777)
  expect(await startAndStop()).toEqual([
    `tarantool-fixture: The seed (seedLua) runs at each start: templates are not kept where others could change them (others may write to ${cache}).`,
  ])
  process.env.TARANTOOL_FIXTURE_CACHE = join(cache, 'other')
  await startAndStop()
  expect(contentOf(cache)).toEqual(['below'])
})

test('a cache that others may write to when the seed has run keeps no template', async () => {
  const cache = temporaryDirectory()
  process.env.TARANTOOL_FIXTURE_CACHE = cache
  const opens = `${seedLua} require('fio').chmod('${cache}', tonumber('777', 8))`
  const lines: string[] = []
  const instance = await newInstance({ appLua, seedLua: opens, logger: line => lines.push(line) }).start()
  expect(await instance.eval('return box.space.users:count()')).toEqual([1])
  expect(contentOf(root())).toEqual([])
  expect(lines).toContainEqual(expect.stringContaining(`(others may write to ${cache})`))
})

test.skipIf(process.getuid?.() !== 0).each(['the directory', 'the snapshot', 'the manifest'])(
  '%s belongs to another user: the template is made anew (needs root)',
  async what => {
    await startAndStop()
    await startAndStop()
    const [template] = await listTemplates(root())
    if (!template) throw new Error('there is no template')
    const { directory, manifest } = template
    const [snapshot = ''] = Object.keys(manifest.files)
    const names: Record<string, string> = { 'the snapshot': snapshot, 'the manifest': 'template.json' }
    chownSync(join(directory, names[what] ?? ''), 65_534, 65_534)
    await startAndStop()
    const [made] = await listTemplates(root())
    expect(made?.manifest).toMatchObject({ state: 'untried' })
    expect(lstatSync(join(made?.directory ?? '', names[what] ?? '')).uid).toBe(0)
    expect(contentOf(root())).toHaveLength(1)
  },
)

test('what another version has left open is closed', async () => {
  mkdirSync(root())
  chmodSync(root(), 0o755)
  await startAndStop()
  expect(lstatSync(root()).mode & 0o777).toBe(0o700)
})
