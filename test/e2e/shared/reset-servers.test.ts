import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { outcomes } from '../support/report.ts'
import { resettingProject } from '../support/reset.ts'
import { isJest, jests, vitests } from '../support/runners.ts'

const start = (what = ''): string => `
import { ResetError, useTarantool } from 'tarantool-fixture/vitest'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { rowsOf } from './rows.ts'
const tarantool = useTarantool(${what})
const rows = rowsOf(tarantool)
const { port } = tarantool
let pid = tarantool.pid
beforeEach(() => expect(tarantool.port).toBe(port))
const sameProcess = () => expect(tarantool.pid).toBe(pid)
const newProcess = () => {
  expect(tarantool.pid).not.toBe(pid)
  pid = tarantool.pid
}`

/** Test files, with what becomes of each test: `true`, or what its failure says. */
const files: Record<string, { text: string; outcome: Record<string, true | RegExp> }> = {
  'life.test.ts': {
    text: `${start()}
test('restarts with its data', async () => {
  await rows.add('kept')
  await tarantool.restart()
  await rows.expect('kept')
  pid = tarantool.pid
})
test('after a restart', async () => {
  newProcess()
  await rows.expect('')
})
test('restarts without its data', async () => {
  await rows.add('gone')
  await tarantool.restart({ recreate: true })
  await rows.expect('')
  await rows.add('left')
  pid = tarantool.pid
})
test('after a restart without data', async () => {
  sameProcess()
  await rows.expect('')
})
test('stops', async () => {
  await rows.add('stopped')
  await tarantool.stop()
})
test('after a stop', async () => {
  newProcess()
  await rows.expect('')
  await rows.add('stopped')
  await tarantool.stop()
  await tarantool.start()
  await rows.expect('stopped')
  pid = tarantool.pid
})
test('after a stop and a start', async () => {
  newProcess()
  await rows.expect('')
  await rows.add('killed')
  await tarantool.kill()
})
test('after a kill', async () => {
  newProcess()
  await rows.expect('')
  await rows.add('frozen')
  await tarantool.pause()
})
test('after a pause', async () => {
  sameProcess()
  await rows.expect('')
})`,
    outcome: {
      'restarts with its data': true,
      'after a restart': true,
      'restarts without its data': true,
      'after a restart without data': true,
      stops: true,
      'after a stop': true,
      'after a stop and a start': true,
      'after a kill': true,
      'after a pause': true,
    },
  },
  'hooks-lost.test.ts': {
    text: `${start()}
describe('a suite', () => {
  beforeAll(() => rows.add('suite'))
  test('kills it', async () => {
    await rows.expect('suite')
    await tarantool.kill()
  })
  test('has lost it', () => {})
  test('has still lost it', () => {})
})
test('is as before the suite', async () => {
  newProcess()
  await rows.expect('')
})
describe('a suite that restarts it', () => {
  beforeAll(async () => {
    await tarantool.restart()
    await rows.add('after the restart')
  })
  test('finds what its hook did', () => rows.expect('after the restart'))
  test('finds it again', () => rows.expect('after the restart'))
})
test('is as before that suite', async () => {
  newProcess()
  await rows.expect('')
})
describe('a suite whose hook does nothing to it', () => {
  beforeAll(() => {})
  test('kills it without a loss', () => tarantool.kill())
  test('has lost nothing', () => rows.expect(''))
})
for (const [what, lua] of [['a global', 'mine = 1'], ['a value of box.cfg', 'box.cfg { too_long_threshold = 3 }']]) {
  describe('a suite whose hook sets ' + what, () => {
    beforeAll(() => tarantool.eval(lua))
    test('kills it with ' + what, () => tarantool.kill())
    test('has lost ' + what, () => {})
  })
}
describe('a suite under whose hook it dies', () => {
  beforeAll(async () => {
    await rows.add('dead')
    await tarantool.eval('os.exit(3)').catch(() => {})
  })
  test('is told of the death', () => {})
  test('is told of the loss', () => {})
})`,
    outcome: {
      'kills it': true,
      'has lost it':
        /ResetError: Tarantool\[127\.0\.0\.1:\d+\] had to be replaced \(it was stopped or killed\).*beforeAll.*lost \[ERR_TARANTOOL_RESET\]\n.*beforeEach.*'restart'/,
      'has still lost it': /ERR_TARANTOOL_RESET/,
      'is as before the suite': true,
      'finds what its hook did': true,
      'finds it again': true,
      'is as before that suite': true,
      'kills it without a loss': true,
      'has lost nothing': true,
      'kills it with a global': true,
      'has lost a global': /ERR_TARANTOOL_RESET/,
      'kills it with a value of box.cfg': true,
      'has lost a value of box.cfg': /ERR_TARANTOOL_RESET/,
      'is told of the death': /ServerExitedError.*exited with code [13]/,
      'is told of the loss': /had to be replaced \(it died\)/,
    },
  },
  'vinyl.test.ts': {
    text: `${start()}
const name = 'vinyl'
test('truncates what cannot be put back', async () => {
  await tarantool.eval('box.space.vinyl:insert({ 2 }) box.space.vinyl:truncate()')
})
test('finds the baseline on another server', async () => {
  newProcess()
  expect(await tarantool.eval('return box.space.vinyl:select()')).toEqual([[[1]]])
})
describe('with rows of a hook', () => {
  beforeAll(() => rows.add('hook'))
  test('truncates it', () => tarantool.eval('box.space.vinyl:truncate()'))
  test('lost the row', () => {})
})`,
    outcome: {
      'truncates what cannot be put back': true,
      'finds the baseline on another server': true,
      'truncates it': true,
      'lost the row': /had to be replaced \(vinyl space 'vinyl' was truncated\)/,
    },
  },
  'by-hand.test.ts': {
    text: `${start()}
await rows.add('top')
await tarantool.reset()
await rows.expect('')
beforeAll(async () => {
  await rows.add('mistake')
  await tarantool.reset()
  await rows.expect('')
  await rows.add('file')
})
test('resets within a test', async () => {
  await rows.add('one')
  await tarantool.reset()
  await rows.expect('file')
  await rows.add('two')
})
test('after it', () => rows.expect('file'))
describe('a suite', () => {
  beforeAll(async () => {
    await rows.add('mistake')
    await tarantool.reset()
    await rows.expect('file')
    await rows.add('suite')
  })
  test('resets within its test', async () => {
    await rows.add('one')
    await tarantool.reset()
    await rows.expect('file suite')
  })
})
test('resets a stopped server', async () => {
  await tarantool.stop()
  const error = await tarantool.reset().catch(error => error)
  expect(error).toBeInstanceOf(ResetError)
  expect(error.message).toContain('lost')
  await rows.expect('')
})`,
    outcome: {
      'resets within a test': true,
      'after it': true,
      'resets within its test': true,
      'resets a stopped server': true,
    },
  },
  'strict.test.ts': {
    text: `${start('{ strict: true }')}
test('leaves nothing', async () => {
  await rows.add('seen')
})
test('hides a change', async () => {
  await tarantool.eval('local s = box.space.rows s:run_triggers(false) s:insert({ 1, "hidden" }) s:run_triggers(true)')
  pid = tarantool.pid
})
test('after it', async () => {
  newProcess()
  await rows.expect('')
})`,
    outcome: {
      'leaves nothing': true,
      'hides a change':
        /LeftoverError: Tarantool\[127\.0\.0\.1:\d+\]: this test changed space 'rows' in a way that its undo did not see.*\n.*run_triggers.*'restart'/,
      'after it': true,
    },
  },
  'configured.test.ts': {
    text: `${start('{ strict: true }')}
test('configures', async () => {
  await tarantool.eval('box.cfg({ too_long_threshold = 0.001, log_level = 7, checkpoint_count = 9 })')
})
test('after other options', async () => {
  sameProcess()
  const options = 'return box.cfg.too_long_threshold, box.cfg.log_level, box.cfg.checkpoint_count'
  expect(await tarantool.eval(options)).toEqual([0.5, 5, 2])
})
test('moves the server', async () => {
  await tarantool.eval("box.cfg({ listen = '127.0.0.1:0' })")
})
test('after a move', async () => {
  sameProcess()
  expect(await tarantool.eval('return box.cfg.listen')).toEqual([\`127.0.0.1:\${tarantool.port}\`])
})
test('gives it more memory', async () => {
  await tarantool.eval('box.cfg({ memtx_memory = box.cfg.memtx_memory * 2 })')
})
test('after more memory', newProcess)`,
    outcome: {
      configures: true,
      'after other options': true,
      'moves the server': true,
      'after a move': true,
      'gives it more memory': true,
      'after more memory': true,
    },
  },
  'triggers.test.ts': {
    text: `${start()}
beforeAll(() => rows.add('suite'))
test('changes a row of a vinyl space, which has a trigger', async () => {
  await tarantool.eval('box.space.vinyl:insert({ 2 })')
})
test('sets a trigger', async () => {
  await rows.expect('suite')
  expect(await tarantool.eval('return box.space.vinyl:count()')).toEqual([1])
  await tarantool.eval("set_trigger(box.space.rows, 'mine')")
})
test('after a trigger', async () => {
  sameProcess()
  await rows.expect('suite')
  expect(await tarantool.eval('return #box.space.rows:on_replace(), #box.space.vinyl:on_replace()')).toEqual([0, 1])
})`,
    outcome: {
      'changes a row of a vinyl space, which has a trigger': true,
      'sets a trigger': true,
      'after a trigger': true,
    },
  },
  'failing-hooks.test.ts': {
    text: `${start()}
describe('one', () => {
  beforeAll(async () => {
    await rows.add('one')
    throw new Error('on purpose')
  })
  test('is not run', () => {})
})
test('is as before one', () => rows.expect(''))
describe('two', () => {
  beforeAll(() => rows.add('two'))
  afterAll(() => { throw new Error('on purpose') })
  test('finds two', () => rows.expect('two'))
})
test('is as before two', () => rows.expect(''))
describe('three', () => {
  beforeAll(() => rows.expect(''))
  test('finds nothing', () => rows.expect(''))
})`,
    outcome: {
      'is as before one': true,
      'finds two': true,
      'is as before two': true,
      'finds nothing': true,
    },
  },
  'failed.test.ts': {
    text: `${start()}
test('fails', async ({ onTestFailed, onTestFinished }) => {
  onTestFailed(() => rows.expect('left'))
  onTestFinished(() => rows.expect('left'))
  await rows.add('left')
  throw new Error('on purpose')
})`,
    outcome: { fails: /^(?!.*expected)[\s\S]*on purpose/ },
  },
  'fixture.test.ts': {
    text: `
import { test } from 'tarantool-fixture/vitest'
import { beforeEach, describe } from 'vitest'
import { rowsOf } from './rows.ts'
describe('a suite', () => {
  const before = test.beforeEach ?? beforeEach
  before(({ tarantool }) => rowsOf(tarantool).add('each'))
  for (const name of ['once', 'twice']) {
    test(name, async ({ tarantool }) => {
      await rowsOf(tarantool).expect('each')
      await rowsOf(tarantool).add(name)
    })
  }
  const extended = test.extend({
    rows: async ({ tarantool }, use) => {
      const rows = rowsOf(tarantool)
      await rows.add('fixture')
      await use(rows)
    },
  })
  extended('extended', ({ rows }) => rows.expect('each fixture'))
  extended.for([1, 2])('extended %i', (_, { rows }) => rows.expect('each fixture'))
})`,
    outcome: { once: true, twice: true, extended: true, 'extended 1': true, 'extended 2': true },
  },
}

const config = `walMode: 'write',`
const app = `
box.once('vinyl', function()
  box.schema.space.create('vinyl', { engine = 'vinyl' }):create_index('pk')
  box.space.vinyl:insert({ 1 })
end)
-- With a name, where triggers have names.
function set_trigger(space, name)
  if _TARANTOOL:match('^[3-9]') then return space:on_replace(function() end, nil, name) end
  space:on_replace(function() end)
end
set_trigger(box.space.vinyl, 'audit')`

// What Jest has not: fixtures, and a test's own onTestFailed.
const vitestOnly = ['failed.test.ts', 'fixture.test.ts']

describe.each([...vitests, ...jests])('$name', runner => {
  test('what happens to a server', async () => {
    const known = Object.entries(files).filter(([name]) => !(isJest(runner) && vitestOnly.includes(name)))
    const resetting = resettingProject(config)
    const { project, output } = await runUnder(runner, {
      ...resetting,
      ...Object.fromEntries(known.map(([name, { text }]) => [name, text])),
      'app.lua': resetting['app.lua'] + app,
    })
    const wanted = known.flatMap(([, { outcome }]) =>
      Object.entries(outcome).map(([title, what]) => [title, what === true ? 'passed' : expect.stringMatching(what)]),
    )
    expect(outcomes(project)).toMatchObject(Object.fromEntries(wanted))
    expect(output).not.toMatch(/Unhandled/)
  })
})
