import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { JoinOptions } from '../../src/broker/run-options.ts'
import { Runs } from '../../src/broker/runs.ts'
import type { FixtureConfig } from '../../src/config/server-options.ts'
import { InvalidOptionError, LuaFileError } from '../../src/errors.ts'
import { temporaryDirectory } from '../support/instances.ts'

const joining = (): JoinOptions => ({ workers: new Map([[{}, { most: 1, files: 1 }]]), start: true, versions: 1 })

function registry(): Runs {
  const runs = Runs.of({})
  onTestFinished(() => runs.restAll())
  return runs
}

test("with lease: 'on-use', a missing file is told at the begin", async () => {
  const run = registry().find(
    {
      identity: 'setup.ts',
      baseDir: temporaryDirectory(),
      load: async () => ({ appLua: './no.lua', lease: 'on-use' }),
    },
    {},
  )
  await expect(run.join(joining())).rejects.toThrow(LuaFileError)
})

test.each([
  ['several versions', 1, ['2.11', '3'], 'tarantoolVersions starts a server of each version (2.11, 3)'],
  ['several workers', 2, [undefined], '2 workers need one server each'],
])('a rerun with a fixed port for %s refuses, until the port is left out', async (_, most, versions, why) => {
  const baseDir = temporaryDirectory()
  const configFile = join(baseDir, 'tarantool.config.json')
  writeFileSync(configFile, '')
  let config: FixtureConfig = {}
  const runs = registry()
  const source = { identity: 'setup.ts', baseDir, configFile, load: async () => config }
  const [run] = versions.map(version => runs.find(source, { version }))
  await run?.join({ workers: new Map([[{}, { most, files: most }]]), start: false, versions: versions.length })
  config = { port: 3301 }
  writeFileSync(configFile, 'with a port')
  await run?.beforeRerun()
  const { versions: refused } = (await run?.ticket()) ?? {}
  expect(refused).toMatchObject({
    default: { code: InvalidOptionError.code, message: expect.stringContaining(`has a fixed 'port', and ${why}`) },
  })
  config = { lease: 'on-use' }
  writeFileSync(configFile, 'without one')
  await run?.beforeRerun()
  expect(JSON.stringify((await run?.ticket())?.versions)).not.toContain('fixed')
})

test('a rerun with a config that names a missing file refuses, and the next one tries again', async () => {
  const baseDir = temporaryDirectory()
  writeFileSync(join(baseDir, 'app.lua'), '')
  writeFileSync(join(baseDir, 'tarantool.config.json'), '')
  let config: FixtureConfig = { appLua: './app.lua', lease: 'on-use' }
  const configFile = join(baseDir, 'tarantool.config.json')
  const run = registry().find({ identity: 'setup.ts', baseDir, configFile, load: async () => config }, {})
  await run.join(joining())
  config = { ...config, appLua: './elsewhere/app.lua' }
  writeFileSync(configFile, 'edited')
  await run.beforeRerun()
  expect((await run.ticket()).versions).toMatchObject({ default: { code: LuaFileError.code } })
  // Nobody watches this directory.
  mkdirSync(join(baseDir, 'elsewhere'))
  writeFileSync(join(baseDir, 'elsewhere/app.lua'), '')
  await run.beforeRerun()
  expect((await run.ticket()).versions).toMatchObject({ default: expect.any(String) })
})
