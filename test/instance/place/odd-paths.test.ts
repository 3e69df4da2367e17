import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type InstanceOptions, TarantoolFixtureError } from '../../../src/index.ts'
import { contentOf, newInstance, startInstance, temporaryDirectory } from '../../support/instances.ts'

test.each(['a%sb', 'a%nb', '100%', 'a;b', 'a?b', 'a b', `a'b"c`, 'a\nb', 'aöb', 'a[b]', 'a\\b', 'a,b', 'a#b', 'a:b'])(
  'a server works in, and from, directories that are called %j',
  async name => {
    const root = join(temporaryDirectory(), name)
    mkdirSync(join(root, 'mod'), { recursive: true })
    mkdirSync(join(root, '.rocks/share/tarantool'), { recursive: true })
    writeFileSync(join(root, 'mod/init.lua'), "return 'mod'")
    writeFileSync(join(root, '.rocks/share/tarantool/rock.lua'), "return 'rock'")
    writeFileSync(join(root, 'seed.lua'), "seeded = require('mod')")
    const appLua = join(root, 'app.lua')
    writeFileSync(appLua, "found = { require('mod'), require('rock'), pcall(require, 'none') }")
    const options: InstanceOptions = { root, appLua, seedLua: join(root, 'seed.lua'), seedTemplate: false }
    for (const more of [{}, { host: 'unix/' }]) {
      const instance = await startInstance({ ...options, ...more })
      expect(await instance.eval('return found[1], found[2], found[3], seeded')).toEqual(['mod', 'rock', false, 'mod'])
      expect(await instance.command('1')).toEqual([1])
      await instance.stop()
    }
    expect(contentOf(root).sort()).toEqual(['.rocks', 'app.lua', 'mod', 'seed.lua'])
  },
)

test.each(['a%b.sock', 'a b.sock', 'a,b.sock', 'aö.sock'])('a socket that cannot be called %j says so', async name => {
  const port = join(temporaryDirectory(), name)
  const failure = await newInstance({ host: 'unix/', port })
    .start()
    .catch(error => error)
  expect(failure).toBeInstanceOf(TarantoolFixtureError)
  expect(failure.message).toContain(JSON.stringify(port))
})
