import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LogTimeoutError, ServerExitedError } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { newInstance, startInstance, temporaryDirectory } from '../support/instances.ts'

const log = (text: string): string => `require('log').info('${text}')`

test('logs, grepLog and a slice of the log by its offset', async () => {
  const instance = await startInstance({ appLua: log('first line') })
  const since = instance.log.offset
  await instance.eval(log('second line'))
  expect((await instance.logs()).join('\n')).toMatch(/first line(.|\n)*second line/)
  expect((await instance.logs({ since })).join('\n')).not.toContain('first line')
  expect(await instance.grepLog('second line', { since })).toHaveLength(1)
  expect(await instance.grepLog(/(first|second) line$/g)).toHaveLength(2)
  expect(await instance.grepLog('third line')).toEqual([])
})

test('waitForLog sees a line that comes later, and one that is there', async () => {
  const instance = await startInstance()
  const later = instance.waitForLog(/later \d+/)
  await instance.eval(log('later 42'))
  expect(await later).toMatch(/later 42$/)
  expect(await instance.waitForLog('later')).toMatch(/later 42$/)
  await expect(instance.waitForLog('never', { timeout: 50 })).rejects.toThrow(LogTimeoutError)
})

test('waitForLog in vain says so before a runner would, with the line that waited', async () => {
  const instance = await startInstance()
  const failure = (await instance.waitForLog('never', { timeout: 1 }).catch(error => error)) as LogTimeoutError
  expect(failure.stack?.split('\n').find(line => /^\s+at /.test(line))).toContain('log.test.ts')
  const ofLog = (await instance.log.waitFor('never', { timeout: 1 }).catch(error => error)) as LogTimeoutError
  expect(ofLog.stack?.split('\n').find(line => /^\s+at /.test(line))).toContain('log.test.ts')
  const usual = (await instance.waitForLog('never').catch(error => error)) as LogTimeoutError
  expect(usual.summary).toMatch(/^no line of the log matched never within 4000 ms$/)
})

test('waitForLog ends with the server: at once, unless its last words match', async () => {
  const crash = "require('ffi').cdef('int raise(int)') require('ffi').C.raise(9)"
  const instance = await startInstance()
  const never = instance.waitForLog('never', { timeout: 100_000 })
  const last = instance.waitForLog('last words', { timeout: 100_000 })
  await instance.eval(`${log('last words')} ${crash}`).catch(() => {})
  await expect(never).rejects.toThrow(/ended \(signal SIGKILL\) before it logged what matches never(.|\n)*last words/)
  expect(await last).toMatch(/last words$/)
  await expect(instance.waitForLog('never', { timeout: 100_000 })).rejects.toThrow(ServerExitedError)
})

test('waitForLog ends with a server that does not start', async () => {
  const failing = newInstance({ appLua: `${log('last words')} error('boom')` })
  await failing.start({ wait: false })
  const ends = [
    failing.waitForLog('never', { timeout: 100_000 }),
    failing.waitForLog('last words', { timeout: 100_000 }),
    failing.ready(),
  ]
  const [never, words, start] = await Promise.allSettled(ends)
  expect(never).toMatchObject({ reason: expect.any(ServerExitedError) })
  expect(words?.status).toBe('fulfilled')
  expect(start?.status).toBe('rejected')
})

test('waitForLog ends with a server that has ended before its start has', async () => {
  const failing = newInstance({ appLua: "error('boom')" })
  await failing.start({ wait: false })
  await failing.process?.exited
  await expect(failing.waitForLog('never', { timeout: 100_000 })).rejects.toThrow(ServerExitedError)
})

test('waitForLog may be asked before there is a server', async () => {
  const instance = newInstance({ appLua: log('it runs') })
  const [line] = await Promise.all([instance.waitForLog('it runs'), instance.start()])
  expect(line).toMatch(/it runs$/)
  await instance.kill({ cleanup: false })
  const since = instance.log.offset
  const again = instance.start({ recreate: false })
  expect(await instance.waitForLog('it runs', { since })).toMatch(/it runs$/)
  await again
})

test('logger gets the first line, however early it comes, and none of an earlier run', async () => {
  const wrapper = join(temporaryDirectory(), 'wrapper')
  const real = process.env.TARANTOOL_BIN ?? 'tarantool'
  writeFileSync(wrapper, `#!/bin/sh\necho 'first line' >&2\nexec '${real}' "$@"\n`, { mode: 0o755 })
  const lines: string[] = []
  const instance = newInstance({ logger: line => lines.push(line), commandToRun: wrapper })
  await instance.start()
  await instance.restart()
  await instance.stop()
  expect(lines.filter(line => line === 'first line')).toHaveLength(2)
})

test('logger gets every line, the last ones too', async context => {
  skipWithout('triggers of a shutdown', context)
  const lines: string[] = []
  const instance = newInstance({
    logger: line => lines.push(line),
    appLua: `${log('from the start')} box.ctl.on_shutdown(function() ${log('the last line')} end)`,
  })
  await instance.start()
  await instance.eval(`for i = 1, 1000 do ${log("' .. i .. ' of 1000")} end`)
  await instance.stop()
  expect(lines.filter(line => line.endsWith('from the start'))).toHaveLength(1)
  expect(lines.filter(line => line.endsWith(' of 1000'))).toHaveLength(1000)
  expect(lines.filter(line => line.endsWith('the last line'))).toHaveLength(1)
})

test('a burst of 300 KB in one command blocks nothing', async () => {
  const instance = await startInstance()
  await instance.command(`for i = 1, 300 do require('log').info(string.rep('x', 1000)) end`)
  expect(await instance.grepLog('xxx')).toHaveLength(300)
})

test('10 MB while nobody reads block nothing', async () => {
  const instance = await startInstance()
  const [lines] = await instance.eval(`
    local line, count = string.rep('x', 1000), 10 * 1024
    for i = 1, count do
        require('log').info(line)
        print(line)
        if i % 100 == 0 then require('fiber').yield() end
    end
    return count`)
  expect(lines).toBe(10 * 1024)
  expect(instance.log.offset).toBeGreaterThan(20 * 2 ** 20)
})

test('several lines of text and broken UTF-8 come through', async () => {
  const instance = await startInstance()
  await instance.eval(`require('log').info('a\\nb') io.stderr:write('\\255\\n')`)
  // Before them stands what a server says at the end of its start.
  expect((await instance.logs()).slice(-3)).toEqual([expect.stringMatching(/I> a$/), 'b', '\\xff'])
})
