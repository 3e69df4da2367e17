import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ResolvedFixture, resolveFixture, resolveOwnServer } from '../../src/config/fixture-config.ts'
import { loadConfigFile } from '../../src/config/load.ts'
import type { FixtureConfig } from '../../src/config/server-options.ts'
import { SetupError } from '../../src/errors.ts'
import { temporaryDirectory } from '../support/instances.ts'

describe('a config that is refused', () => {
  test.each<[string, unknown, RegExp]>([
    ['an option that does not exist', { walmode: 'none' }, /unknown option 'walmode'.*\nDid you mean 'walMode'\?/],
    [
      'one of a named server',
      { servers: { queue: { prot: 1 } } },
      /server 'queue': unknown option 'prot'.*\nDid you mean 'port'\?/,
    ],
    ['a wrong type', { maxServers: '2' }, /option 'maxServers' must be .*number.*, not "2"/],
    ['a bad name of a server', { servers: { 'my server': {} } }, /cannot be named 'my server'/],
    [
      'a port with the variable of another server',
      { servers: { default: { ports: ['queue'] }, queue: {} } },
      /port 'queue' of server 'default' .* server 'queue' .* one environment variable: TARANTOOL_QUEUE_PORT/,
    ],
    [
      'a port with the variable of another port',
      { servers: { a: { ports: ['b-http'] }, 'a-b': { ports: ['http'] } } },
      /port 'b-http' of server 'a' .* port 'http' of server 'a-b' .*: TARANTOOL_A_B_HTTP_PORT/,
    ],
    ['a port of a reserved name', { ports: ['default'] }, /server 'default' .* variable: TARANTOOL_DEFAULT_PORT/],
    [
      'options of one of several servers that do not go together',
      { servers: { a: {}, db: { replicas: 3, port: 3301 } } },
      /^tarantool: server 'db': option 'port' cannot be used with 'replicas'.*\n.*a free port of its own/,
    ],
    [
      'an unknown option of a member of one of several servers',
      { servers: { a: {}, db: { replicas: 3, members: { 'db-2': { memtxMemroy: 1 } as never } } } },
      /^tarantool: server 'db': member 'db-2': unknown option 'memtxMemroy' \[ERR_TARANTOOL_UNKNOWN_OPTION]\nDid you mean 'memtxMemory'/,
    ],
    ['such options of the only server', { docker: {}, links: true }, /^option 'links' cannot be used with 'docker'/],
    ['no server', { servers: {} }, /'servers' names no server/],
  ])('%s', (_what, config, says) => {
    expect(() => resolveFixture(config as FixtureConfig, process.cwd())).toThrow(says)
  })
})

describe('a file that is missing is told when the config is read, whenever servers are leased', () => {
  test.each<[FixtureConfig, RegExp]>([
    [{ appLua: './no.lua' }, /^appLua: the file \S+no\.lua does not exist.*\n.*relative to/],
    [{ seedLua: './no.lua' }, /^seedLua: the file \S+ does not exist/],
    [{ initLuaTemplate: './no.lua' }, /^initLuaTemplate: the file \S+ does not exist/],
    [{ seed: './no.json' }, /^seed: the file \S+ does not exist/],
    [{ appDir: './no' }, /^appDir: the directory \S+ does not exist/],
    [{ servers: { a: {}, b: { appLua: './no.lua' } } }, /^tarantool: server 'b': appLua: the file \S+ does not exist/],
  ])('%j', (config, says) => {
    for (const lease of ['file', 'on-use'] as const) {
      expect(() => resolveFixture({ ...config, lease }, temporaryDirectory())).toThrow(says)
    }
  })
})

describe("a test file's own config", () => {
  function layers(): { fixture: ResolvedFixture; shared: string; own: string } {
    const [shared, own] = [temporaryDirectory(), temporaryDirectory()]
    for (const directory of [shared, own]) {
      for (const name of ['app.lua', 'seed.lua', 'rows.json']) writeFileSync(join(directory, name), '')
    }
    const files = { appLua: './app.lua', seedLua: './seed.lua', seed: './rows.json', docker: { engine: './e' } }
    return { fixture: resolveFixture({ ...files, port: 3301, isolation: 'file' }, shared), shared, own }
  }

  test('is laid over the default server, each path relative to the directory of its layer', () => {
    const { fixture, shared, own } = layers()
    expect(resolveOwnServer(fixture, { seedLua: './seed.lua', strict: true }, own)).toMatchObject({
      port: undefined,
      appLua: { file: join(shared, 'app.lua') },
      seedLua: { file: join(own, 'seed.lua') },
      seed: [{ file: join(shared, 'rows.json') }],
      docker: { engine: join(shared, 'e') },
      isolation: 'file',
      strict: true,
    })
  })

  test('with an application has no seed of another', () => {
    const { fixture, own } = layers()
    expect(resolveOwnServer(fixture, { appLua: './app.lua' }, own)).toMatchObject({
      appLua: { file: join(own, 'app.lua') },
      appDir: own,
      seedLua: undefined,
      seed: [],
    })
  })

  test.each([
    [{ applua: '' }, /^useTarantool: unknown option 'applua'/],
    [{ appLua: './no.lua' }, /^appLua: the file \S+ does not exist/],
    [{ commandToRun: 'tarantool' }, /'commandToRun' cannot be used with 'docker'/],
  ])('is refused: %j', (config, says) => {
    const { fixture, own } = layers()
    expect(() => resolveOwnServer(fixture, config, own)).toThrow(says)
  })
})

describe('a config file that is refused', () => {
  test.each<[string, string, string, RegExp]>([
    ['no default export', 'tarantool.config.mjs', 'export const config = {}', /has no config as its default export/],
    ['no JSON', 'tarantool.config.json', '{ walMode: none }', /cannot read \S+tarantool\.config\.json: .*JSON/],
    ['one that throws', 'tarantool.config.mjs', 'throw new Error("no such weather")', /: no such weather/],
  ])('%s', async (_what, name, text, says) => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, name), text)
    const error: unknown = await loadConfigFile(directory).catch(reason => reason)
    expect(error).toBeInstanceOf(SetupError)
    expect((error as SetupError).message).toMatch(says)
  })
})
