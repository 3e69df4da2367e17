import { expect, test } from 'vitest'
import { startInstance } from '../support/instances.ts'

test('10 MB of log over a minute block nothing, and a logger gets all of it', async () => {
  let bytes = 0
  const instance = await startInstance({
    logger: line => {
      bytes += line.length
    },
  })
  await instance.eval(`
    local fiber, log = require('fiber'), require('log')
    local line = string.rep('x', 1024)
    fiber.create(function()
        for second = 1, 60 do
            for i = 1, 171 do log.info(line) end
            fiber.sleep(1)
        end
        log.info('that was all')
    end)`)
  const written = instance.waitForLog('that was all', { timeout: 90_000 })
  let answers = 0
  let done = false
  const finished = written.finally(() => {
    done = true
  })
  while (!done) {
    expect(await instance.eval('require("fiber").sleep(0.5) return 1')).toEqual([1])
    answers++
  }
  await finished
  await instance.stop()
  expect(answers).toBeGreaterThan(0)
  expect(bytes).toBeGreaterThan(10 * 2 ** 20)
}, 120_000)
