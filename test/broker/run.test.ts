import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Run } from '../../src/broker/run.ts'
import type { FixtureConfig } from '../../src/config/server-options.ts'
import { LuaFileError } from '../../src/errors.ts'
import { temporaryDirectory } from '../support/instances.ts'

const workers = async (): Promise<{ busy: number; ahead: number }> => ({ busy: 1, ahead: 1 })

test("with lease: 'on-use', a missing file is told at the begin", async () => {
  const run = new Run({
    baseDir: temporaryDirectory(),
    load: async () => ({ appLua: './no.lua', lease: 'on-use' }),
  })
  await expect(run.begin(workers, { start: true })).rejects.toThrow(LuaFileError)
  expect(await run.end()).toEqual([])
})

test('a rerun with a config that names a missing file refuses, and the next one tries again', async () => {
  const baseDir = temporaryDirectory()
  writeFileSync(join(baseDir, 'app.lua'), '')
  writeFileSync(join(baseDir, 'tarantool.config.json'), '')
  let config: FixtureConfig = { appLua: './app.lua', lease: 'on-use' }
  const configFile = join(baseDir, 'tarantool.config.json')
  const run = new Run({ baseDir, configFile, load: async () => config })
  onTestFinished(async () => {
    expect(await run.end()).toEqual([])
  })
  await run.begin(workers, { start: true })
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
