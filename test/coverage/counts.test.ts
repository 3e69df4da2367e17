import { symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resolveOptions } from '../../src/config/resolve.ts'
import { callsAt } from '../../src/coverage/counts.ts'
import type { TarantoolInstance } from '../../src/index.ts'
import { mountArguments } from '../../src/instance/docker/mounts.ts'
import { lineCountsVariable } from '../../src/instance/start/line-counts.ts'
import type { ServerPlace } from '../../src/instance/start/program.ts'
import { newCluster } from '../support/clusters.ts'
import { docker, needsEngine, noEngine } from '../support/engine.ts'
import { skipWithout } from '../support/features.ts'
import { startInstance, writeFiles } from '../support/instances.ts'
import { startForked } from '../support/prefork.ts'
import { counts, countsOf, filesBelow, linesOf, useCounting } from './counting.ts'

useCounting()

const app = `local fiber = require('fiber')
function plain(x)
    if x > 1 then
        return 'big'
    end
    return 'small'
end
function in_fiber()
    local done = fiber.channel(1)
    fiber.create(function()
        fiber.sleep(0)
        done:put('done')
    end)
    return done:get()
end
function in_coroutine()
    local next_one = coroutine.wrap(function()
        coroutine.yield(1)
        coroutine.yield(2)
    end)
    next_one()
    return next_one()
end
function hot()
    local sum = 0
    for i = 1, 10000 do
        sum = sum + i
    end
    return sum
end
local module = require('lib.module')
function of_module() return module.answer() end
box.schema.space.create('rows', { if_not_exists = true }):create_index('pk', { if_not_exists = true })
box.space.rows:on_replace(function()
    rows = (rows or 0) + 1
end)
`
const library = `local module = {}
function module.answer()
    return 42
end
return module
`
const files = { 'app.lua': app, 'lib/module.lua': library }

async function startApp(options: object = {}): Promise<{ at: string; instance: TarantoolInstance }> {
  const at = writeFiles(files)
  return { at, instance: await startInstance({ appLua: join(at, 'app.lua'), ...options }) }
}

const oneLine = `local lib = {}
function lib.one() return 1 end
function lib.two() return 2 end
local list = { a = function() return 1 end, b = function() return 2 end }
function call_some()
    for _ = 1, 3 do
        lib.one()
    end
    list.b()
end
`

test('tells the calls of a function on one line from the load of the file', async () => {
  const at = writeFiles({ 'app.lua': oneLine })
  const instance = await startInstance({ appLua: join(at, 'app.lua') })
  expect(countsOf(at, 'app.lua', [2, 3, 4, ...[2, 3, 4].map(callsAt)])).toEqual([1, 1, 1, 0, 0, 0])
  await instance.command('call_some()')
  expect(countsOf(at, 'app.lua', [2, 3, 4, ...[2, 3, 4].map(callsAt)])).toEqual([4, 1, 2, 3, 0, 1])
})

test('counts the lines of the application and of its modules, and no others', async () => {
  const { at, instance } = await startApp()
  expect(countsOf(at, 'app.lua', [1, 3, 4, 6])).toEqual([1, 0, 0, 0])
  await instance.call('plain', 1)
  await instance.call('plain', 2)
  await instance.call('plain', 3)
  await instance.call('of_module')
  expect(countsOf(at, 'app.lua', [3, 4, 6])).toEqual([3, 2, 1])
  expect(countsOf(at, 'lib/module.lua', [1, 2, 3, 5])).toEqual([1, 1, 1, 1])
  expect(filesBelow(at)).toEqual(['app.lua', 'lib/module.lua'])
})

test('counts in fibers, coroutines and triggers, and in loops that LuaJIT would compile', async () => {
  const { at, instance } = await startApp()
  await instance.call('in_fiber')
  await instance.call('in_coroutine')
  await instance.call('hot')
  await instance.eval('box.space.rows:insert({ 1 })')
  await instance.command('return plain(1)')
  expect(countsOf(at, 'app.lua', [11, 12, 18, 19, 27, 35, 6])).toEqual([1, 1, 1, 1, 10_000, 1, 1])
})

test('adds up the counts of a server before and after its restart', async () => {
  const { at, instance } = await startApp()
  await instance.call('plain', 1)
  await instance.restart()
  await instance.call('plain', 1)
  await instance.stop()
  expect(countsOf(at, 'app.lua', [1, 6])).toEqual([2, 2])
  expect(counts().servers).toBe(2)
})

test.each([
  ['a SIGKILL', (instance: TarantoolInstance) => instance.kill()],
  ['its own exit', (instance: TarantoolInstance) => instance.eval('os.exit(3)').catch(() => {})],
  [
    'a crash',
    (instance: TarantoolInstance) =>
      instance.eval("require('ffi').cast('int *', 8)[0] = 1").then(
        () => {},
        () => {},
      ),
  ],
])('loses nothing at %s', async (_, end) => {
  const { at, instance } = await startApp()
  await instance.call('plain', 1)
  await end(instance)
  await instance.waitStopped()
  expect(countsOf(at, 'app.lua', [1, 6])).toEqual([1, 1])
})

test('counts in a server that was forked', async () => {
  const at = writeFiles(files)
  const instance = await startForked({ appLua: join(at, 'app.lua') })
  const [before = 0] = countsOf(at, 'app.lua', [6])
  await instance.call('plain', 1)
  expect(countsOf(at, 'app.lua', [6])).toEqual([before + 1])
})

test('counts in all instances of a cluster', async context => {
  skipWithout('a config file', context)
  const at = writeFiles({
    'app.lua': `local log = require('log')\nfunction work()\n    log.info('works')\nend\n`,
    'config.yaml': `
credentials: { users: { app: { password: secret, roles: [super] } } }
app: { file: app.lua }
groups: { g: { replicasets: { a: { instances: { a-1: {} } }, b: { instances: { b-1: {} } } } } }
`,
  })
  const cluster = await newCluster({ app: at }).start()
  await cluster.instance('b-1').eval('work()')
  expect(countsOf(at, 'app.lua', [1, 3])).toEqual([2, 1])
})

test('a reset keeps the hook and the counts, and the test does not see that lines are counted', async () => {
  const { at, instance } = await startApp({ recordChanges: true })
  await instance.call('plain', 1)
  await instance.eval('box.space.rows:insert({ 1 }) debug.sethook() plain(2)')
  expect(countsOf(at, 'app.lua', [4, 6])).toEqual([0, 1])
  await instance.reset()
  expect(counts().hooked).toBe(1)
  await instance.call('plain', 2)
  expect(countsOf(at, 'app.lua', [4, 6])).toEqual([1, 1])
  expect(await instance.eval('return jit.status(), box.space.rows:len()')).toMatchObject([true, 0])
})

test('LuaJIT compiles no function of the application, even while another hook is set', async () => {
  const { at, instance } = await startApp({ recordChanges: true })
  await instance.call('hot')
  await instance.eval('debug.sethook() for _ = 1, 100 do hot() end')
  await instance.reset()
  await instance.call('hot')
  expect(countsOf(at, 'app.lua', [27])).toEqual([20_000])
})

test('counts in a container', async ({ skip }) => {
  skip(noEngine, needsEngine)
  const { at, instance } = await startApp({ docker })
  await instance.call('plain', 1)
  expect(countsOf(at, 'app.lua', [1, 6])).toEqual([1, 1])
  await instance.kill()
  expect(countsOf(at, 'lib/module.lua', [1])).toEqual([1])
})

test('a container can write the counts of its server', () => {
  const directory = String(process.env[lineCountsVariable])
  const mounts = mountArguments(resolveOptions({ docker: {} }), {
    directory: '/server',
    addresses: undefined,
  } as unknown as ServerPlace)
  expect(mounts).toContain(`type=bind,source=${directory},target=${directory}`)
})

test('knows a file by its real path: below links, and named from the working directory', async () => {
  const at = writeFiles({ 'real/app.lua': 'function one()\n    return 1\nend\n', 'real/rel.lua': 'related = true\n' })
  symlinkSync(join(at, 'real'), join(at, 'linked'))
  const instance = await startInstance({ appLua: join(at, 'linked/app.lua') })
  await instance.call('one')
  await instance.eval(`require('fio').chdir('${at}') dofile('real/rel.lua')`)
  expect(countsOf(at, 'real/app.lua', [2])).toEqual([1])
  expect(linesOf(at, 'real/rel.lua')).toEqual({ 1: 1 })
})

test('Lua that is a text, and a file that has changed since the start, do not count', async () => {
  const text = await startInstance({ appLua: 'function two()\n    return 2\nend\n' })
  await text.call('two')
  // The fixture's own scripts, in the server's directory.
  expect(filesBelow(text.workDir)).toEqual(['boot.lua', 'init.lua'])
  const { at, instance } = await startApp()
  await instance.call('plain', 1)
  expect(filesBelow(at)).toEqual(['app.lua', 'lib/module.lua'])
  const now = new Date()
  utimesSync(join(at, 'app.lua'), now, now)
  expect(filesBelow(at)).toEqual(['lib/module.lua'])
})

test('nothing is loaded into a server that counts no lines', async () => {
  delete process.env[lineCountsVariable]
  const { instance } = await startApp()
  expect(await instance.eval('return debug.gethook() == nil, debug.getinfo(debug.sethook).what')).toEqual([true, 'C'])
  expect(counts().servers).toBe(0)
})

test('the application does not inherit the variable', async () => {
  const { instance } = await startApp()
  expect(await instance.eval("return os.getenv('TARANTOOL_FIXTURE_LINE_COUNTS') == nil")).toEqual([true])
})

test('a server that cannot write its counts starts all the same, and logs it', async () => {
  process.env[lineCountsVariable] = '/nowhere'
  const { instance } = await startApp({ recordChanges: true })
  await instance.waitForLog('the lines that run are not counted: /nowhere/')
  await instance.call('plain', 1)
  await instance.reset()
})

test('counts on over many resets, without a line of the fixture', async () => {
  const { at, instance } = await startApp({ recordChanges: true })
  for (let round = 1; round <= 100; round++) {
    await instance.eval('box.space.rows:insert({ 1 }) hot()')
    await instance.reset()
  }
  expect(countsOf(at, 'app.lua', [27, 35])).toEqual([1_000_000, 100])
  expect(await instance.eval('return box.space.rows:len()')).toEqual([0])
})
