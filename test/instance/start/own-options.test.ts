import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { InitScriptError, type InstanceOptions, InvalidOptionError, PortTakenError } from '../../../src/index.ts'
import { skipWithout } from '../../support/features.ts'
import { contentOf, newInstance, startInstance, temporaryDirectory } from '../../support/instances.ts'

const failureOf = async (options: InstanceOptions): Promise<Error> =>
  await newInstance(options)
    .start()
    .then(
      () => expect.fail('it started'),
      error => error as Error,
    )

test.each(['listen', 'background', 'log', 'logger'])('boxCfg and extraBoxCfg cannot set %s', async name => {
  const make = (): unknown => newInstance({ boxCfg: { [name]: 'x' } })
  expect(make).toThrow(InvalidOptionError)
  expect(make).toThrow(`'boxCfg.${name}' cannot be set`)
  const failure = await failureOf({ extraBoxCfg: `${name} = 'x'` })
  expect(failure).toBeInstanceOf(InitScriptError)
  expect(failure.message).toContain(`extraBoxCfg sets '${name}'`)
})

test('an init script that was written for production keeps its log and its process in the fixture', async () => {
  const root = temporaryDirectory()
  const instance = await startInstance({
    root,
    initLuaTemplate: `
      box.cfg{
        listen = <% listen %>, work_dir = <% workDir %>, wal_mode = 'none',
        log = 'production.log', log_nonblock = true, background = true, pid_file = 'production.pid',
      }
      box.schema.user.grant('guest', 'super')
      require('log').info('from production')`,
  })
  expect(await instance.waitForLog('from production')).toMatch(/from production$/)
  expect(await instance.grepLog('box.cfg was changed')).toEqual([
    expect.stringMatching(/: the fixture keeps its own background, log, log_nonblock$/),
  ])
  expect(await instance.eval('return box.info.pid')).toEqual([instance.pid])
  expect(contentOf(instance.workDir)).not.toContain('production.log')
})

test('a log that the module log has moved is an error of the start', async context => {
  skipWithout('log.cfg', context)
  const root = temporaryDirectory()
  const failure = await failureOf({
    root,
    initLuaTemplate: "require('log').cfg{ log = 'moved.log' } box.cfg(<% boxCfg %>)",
  })
  expect(failure).toBeInstanceOf(InitScriptError)
  expect(failure.message).toMatch(/logs to 'moved\.log', where waitForLog\(\) and errors would not look/)
  expect(contentOf(root)).toEqual([])
})

test('an option that cannot change later says who has set it before', async () => {
  expect((await failureOf({ appLua: "box.cfg{}\nbox.cfg{ wal_mode = 'write' }" })).message).toMatch(
    /refused 'wal_mode': appLua:2: (.|\n)*Only the first call of box\.cfg can set this option/,
  )
})

test('a log in JSON is searched, and says why a server did not start', async () => {
  const boxCfg = { log_format: 'json' }
  const instance = await startInstance({ boxCfg, appLua: "box.cfg{} require('log').info('said in JSON')" })
  expect(JSON.parse(await instance.waitForLog('said in JSON'))).toMatchObject({ message: 'said in JSON' })
  const failure = await failureOf({ boxCfg: { ...boxCfg, memtx_dir: '/no/such' } })
  expect(failure.message).toMatch(/error reading directory '\/no\/such'/)
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await new Promise(resolve => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  expect(await failureOf({ boxCfg, port })).toBeInstanceOf(PortTakenError)
})
