import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { isLuaBelow, serverFiles, stampOf } from '../../src/broker/server-files.ts'
import { resolveFixture } from '../../src/config/fixture-config.ts'
import { temporaryDirectory } from '../support/instances.ts'

const write = (path: string, text = ''): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

test('are all Lua that the application may load, and the rows of seeds', () => {
  const directory = temporaryDirectory()
  const names = [
    'app.lua',
    'lib/a/b.lua',
    'lib/init.lua',
    'other/x/y.lua',
    'seeds/seed.lua',
    'seeds/deep/more.lua',
    'rows.json',
  ]
  const installed = [
    '.rocks/share/tarantool/rock.lua',
    'node_modules/a/a.lua',
    'lib/node_modules/b.lua',
    'lib/tnt-1000/tnt-Urn9HAf8/init.lua',
    'lib/notes.txt',
  ]
  for (const name of [...names, ...installed]) write(join(directory, name))
  mkdirSync(join(directory, 'app'))
  symlinkSync(join(directory, 'app'), join(directory, 'app/again'))
  write(join(directory, 'app/main.lua'))
  const config = {
    appLua: 'app/main.lua',
    appDir: 'lib',
    servers: { default: {}, other: { appDir: 'other', seedLua: 'seeds/seed.lua', seed: 'rows.json' } },
  }
  const { files, roots } = serverFiles(resolveFixture(config, directory))
  const found = files.map(path => relative(directory, path)).sort()
  expect(found).toEqual(['app/main.lua', ...names.filter(name => name !== 'app.lua')].sort())

  const below = (path: string): boolean => isLuaBelow(join(directory, path), roots)
  expect(['app/new/new.lua', 'lib/x.lua', 'seeds/y.lua'].filter(below)).toHaveLength(3)
  expect(
    ['new.lua', 'lib/.rocks/x.lua', 'lib/node_modules/x.lua', 'lib/tnt-Urn9HAf8/init.lua', 'lib/x.txt'].filter(below),
  ).toEqual([])
})

test('have another stamp when one is edited, added or removed', () => {
  const directory = temporaryDirectory()
  write(join(directory, 'app.lua'))
  const fixture = resolveFixture({ appLua: './app.lua' }, directory)
  const stamp = (): string => stampOf(serverFiles(fixture).files)
  const stamps = [stamp()]
  for (const text of ['', 'return 1']) {
    write(join(directory, 'lib/deep/a.lua'), text)
    stamps.push(stamp())
  }
  expect(new Set(stamps).size).toBe(3)
})
