import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { oneOfEach } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const appLua = `
box.schema.space.create('visits'):create_index('pk', { sequence = true })
for _, event in ipairs({ 'on_connect', 'on_auth', 'on_disconnect' }) do
  box.session[event](function() box.space.visits:auto_increment({ event }) end)
end
function visits()
  local events = {}
  for _, row in box.space.visits:pairs() do table.insert(events, row[2]) end
  return events
end`

// Each test finds only its own changes, in any order of tests and whatever the fixture did in between.
const testFile = (isolation: string): string => `
import { connect } from 'node:net'
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool()
const visitsIs = async expected => {
  expect(await tarantool.call('visits')).toEqual([expected])
  expect(await tarantool.eval('return visits()')).toEqual([expected])
  expect(await tarantool.command('visits()')).toEqual([expected])
}
test('sees nothing of the fixture', async () => await visitsIs([]))
test('sees its own connection, and nothing else', async () => {
  await visitsIs([])
  const socket = connect(tarantool.port, tarantool.host)
  await new Promise(resolve => socket.once('data', resolve))
  await visitsIs(['on_connect'])
  socket.destroy()
  while ((await tarantool.call('visits'))[0].length < 2) {}
  await visitsIs(['on_connect', 'on_disconnect'])
  ${isolation === 'reset' ? 'await tarantool.reset()' : 'await tarantool.restart({ recreate: true })'}
  await visitsIs([])
})
test('fails', async () => {
  await visitsIs([])
  expect(1).toBe(2)
})
test('sees nothing of what the fixture does about a failure', async () => await visitsIs([]))
test('sees nothing in a server that was restarted', async () => {
  await tarantool.restart({ recreate: true })
  await visitsIs([])
})
test('sees nothing of the restart', async () => await visitsIs([]))`

describe.each(oneOfEach)('$name', runner => {
  test.each(['reset', 'process'])(
    "an application's triggers on sessions do not run for the fixture: tests do not depend on their order, isolation %s",
    async isolation => {
      const { exitCode, output, project } = await runUnder(runner, {
        ...setUpWith(`{ appLua: './app.lua', isolation: '${isolation}', credentials: 'random', maxServers: 1 }`),
        'app.lua': appLua,
        'a.test.ts': testFile(isolation),
        'b.test.ts': testFile(isolation),
      })
      expect(output).toMatch(/Tests:? +2 failed[ |,]+10 passed/)
      expect(exitCode).toBe(1)
      expect(project.leftBehind()).toEqual([])
    },
  )
})
