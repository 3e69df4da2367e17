import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { isJest, oneOfEach } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const app = `
local port = tonumber(os.getenv('TARANTOOL_HTTP_PORT'))
require('socket').tcp_server('127.0.0.1', port, function(peer) peer:write(tostring(box.info.pid)) end)`

const testFile = (inject: string): string => `
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, ${inject === '' ? '' : 'inject, '}test } from 'vitest'
const tarantool = useTarantool()
let before
for (const number of [1, 2, 3]) {
  test('reaches the application of its own server: ' + number, async () => {
    const { http } = tarantool.ports
    expect(process.env.TARANTOOL_HTTP_PORT).toBe(String(http))
    ${inject}
    expect(Number(await text(connect(http, '127.0.0.1')))).toBe(tarantool.pid)
    before ??= http
    expect(http).toBe(before)
    await tarantool.eval('CHANGED = true')
  })
}`

const setUp = setUpWith("{ appLua: './app.lua', ports: ['http'], isolation: 'process' }")

describe.each(oneOfEach)('$name', runner => {
  test('named ports are in the handle and the environment, and stay', async () => {
    const inject = isJest(runner) ? '' : "expect(inject('tarantool').ports.http).toBe(http)"
    const files = { ...setUp, 'app.lua': app, 'a.test.ts': testFile(inject), 'b.test.ts': testFile(inject) }
    const { output, exitCode, project } = await runUnder(runner, files)
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })
})
