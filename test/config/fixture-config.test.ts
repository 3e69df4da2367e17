import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { resolveFixture } from '../../src/config/fixture-config.ts'
import { loadConfigFile } from '../../src/config/load.ts'
import type { FixtureConfig } from '../../src/config/server-options.ts'
import { SetupError } from '../../src/errors.ts'
import { temporaryDirectory } from '../support/instances.ts'

describe('a config that is refused', () => {
  test.each<[string, unknown, RegExp]>([
    ['an option that does not exist', { walmode: 'none' }, /there is no option 'walmode'.*\nDid you mean 'walMode'\?/],
    [
      'one of a named server',
      { servers: { queue: { ports: 1 } } },
      /server 'queue': there is no option 'ports'.*\nDid you mean 'port'\?/,
    ],
    ['a wrong type', { maxServers: '2' }, /option 'maxServers' must be .*number.*, not "2"/],
    ['a bad name of a server', { servers: { 'my server': {} } }, /cannot be named 'my server'/],
    ['no server', { servers: {} }, /'servers' names no server/],
  ])('%s', (_what, config, says) => {
    expect(() => resolveFixture(config as FixtureConfig, process.cwd())).toThrow(says)
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
