import { describe, expect, test } from 'vitest'
import { LeftoverError, ResetError, ServerExitedError } from '../../src/errors.ts'
import type { Demand } from '../../src/isolation/scope.ts'
import { demand, FakeServer, type Fault, suiteIn } from './fake-server.ts'

/** A test that finds some rows, and adds one. */
async function run(server: FakeServer, wanted: Partial<Demand> = {}, row = 'test'): Promise<string> {
  const attempt = {}
  const error = await server.isolated.beginTest(attempt, demand(wanted))
  if (error) throw error
  const found = server.rows.join(' ')
  server.add(row)
  await server.isolated.endTest(attempt, demand(wanted), false)
  return found
}

const failure = async (step: Promise<unknown>): Promise<Error> =>
  await step.then(
    () => expect.fail('it should have failed'),
    error => error as Error,
  )

describe('what tests find', () => {
  test("'reset' undoes what a test did, with one request", async () => {
    const server = new FakeServer()
    server.add('file')
    expect(await run(server)).toBe('file')
    const before = server.asked
    expect(await run(server)).toBe('file')
    expect(server.asked - before).toBe(1)
    expect(server.done).toEqual([])
  })

  test("'file' keeps what tests did", async () => {
    const server = new FakeServer()
    server.add('file')
    expect(await run(server, { isolation: 'file' }, 'one')).toBe('file')
    expect(await run(server, { isolation: 'file' })).toBe('file one')
    await server.isolated.reset()
    expect(server.rows).toEqual([])
  })

  test.each(['restart', 'process'] as const)(
    "'%s' gives each test another process, and a first one none",
    async isolation => {
      const server = new FakeServer({ records: false })
      expect(await run(server, { isolation })).toBe('')
      expect(server.done).toEqual([])
      expect(await run(server, { isolation })).toBe('')
      expect(await run(server, { isolation })).toBe('')
      const by = isolation === 'process' ? 'spare' : 'start'
      expect(server.done).toEqual([by, by])
    },
  )

  test("'none' asks for nothing", async () => {
    const server = new FakeServer()
    expect(await run(server, { isolation: 'none', staysAround: true }, 'one')).toBe('')
    expect(await run(server, { isolation: 'none', staysAround: true })).toBe('one')
    expect(server.asked).toBe(0)
  })

  test.each([
    [{ used: true }, ''],
    [{ used: true, isolation: 'file' as const }, ''],
    [{ used: true, isolation: 'none' as const }, 'earlier file'],
    [{ used: false }, 'earlier file'],
  ])('a file that begins on a server that is %j', async (facts, found) => {
    const server = new FakeServer(facts)
    server.add('earlier file')
    await server.isolated.beginFile(false)
    expect(server.rows.join(' ')).toBe(found)
  })

  test.each(['lost', 'stuck', 'dies', 'breaks'] as Fault[])(
    'an earlier file cannot be undone (%s): nobody is told',
    async fault => {
      const server = new FakeServer({ used: true })
      server.add('earlier file')
      server.faults = [fault]
      await server.isolated.beginFile(false)
      expect(await run(server)).toBe('')
    },
  )

  test('a file wants changes undone where nothing is recorded: one new process does', async () => {
    const server = new FakeServer({ records: false, isolation: 'none' })
    await server.isolated.beginFile(true)
    expect(await run(server)).toBe('')
    expect(await run(server)).toBe('')
    expect(server.done).toEqual(['record'])
  })
})

describe('suites', () => {
  test('what hooks of suites did lasts as long as their suite, in whatever order they come', async () => {
    const server = new FakeServer()
    const outer = suiteIn(undefined)
    const inner = suiteIn(outer)
    const other = suiteIn(undefined)
    server.add('file')
    expect(await run(server)).toBe('file')
    await server.isolated.beginSuite([outer])
    expect(server.rows).toEqual(['file'])
    server.add('outer')
    expect(await run(server, { suites: [outer] })).toBe('file outer')
    await server.isolated.beginSuite([outer, inner])
    server.add('inner')
    expect(await run(server, { suites: [outer, inner] })).toBe('file outer inner')
    expect(await run(server, { suites: [outer, inner] })).toBe('file outer inner')
    await server.isolated.endSuite([outer, inner])
    expect(server.rows).toEqual(['file', 'outer'])
    expect(await run(server, { suites: [outer] })).toBe('file outer')
    // The end of the outer suite did not come.
    await server.isolated.beginSuite([other])
    expect(server.rows).toEqual(['file'])
    server.add('other')
    expect(await run(server, { suites: [other] })).toBe('file other')
    await server.isolated.endSuite([other])
    expect(await run(server)).toBe('file')
  })

  test('by hand: in a test what it did, in a hook what the suite did, at the top all', async () => {
    const server = new FakeServer()
    const suite = suiteIn(undefined)
    server.add('mistake')
    await server.isolated.reset()
    expect(server.rows).toEqual([])
    server.add('file')
    await server.isolated.beginSuite([suite])
    server.add('mistake')
    await server.isolated.reset()
    expect(server.rows).toEqual(['file'])
    server.add('suite')
    const attempt = {}
    await server.isolated.beginTest(attempt, demand({ suites: [suite] }))
    server.add('test')
    await server.isolated.reset()
    expect(server.rows).toEqual(['file', 'suite'])
  })

  test('by hand, where nothing is recorded', async () => {
    const server = new FakeServer({ records: false })
    expect(await failure(server.isolated.reset())).toBeInstanceOf(ResetError)
  })
})

/** What happens to a server between two tests, and what the second one is told; nothing: that it finds an empty server. */
const events: Record<string, { happens(server: FakeServer): void; told?: RegExp; done: string[] }> = {
  'dies, seen': {
    happens: server => server.dieSeen(),
    told: /exited with code 3 before this test/,
    done: ['if-gone'],
  },
  'dies, unseen': {
    happens: server => server.die(),
    told: /exited with code 3 before this test/,
    done: ['if-gone'],
  },
  'dies of the request': {
    happens: server => {
      server.faults = ['dies']
    },
    told: /exited with code 3 before this test/,
    done: ['if-gone'],
  },
  'a request broke off, and it lives': {
    happens: server => server.isolated.watch.notice('broke-off'),
    done: [],
  },
  'its connection ended, and it lives': {
    happens: server => server.isolated.watch.notice('ended'),
    done: [],
  },
  "the agent's request breaks off once, and it lives": {
    happens: server => {
      server.faults = ['breaks']
    },
    done: [],
  },
  "the agent's requests break off, and it lives": {
    happens: server => {
      server.faults = ['breaks', 'breaks']
    },
    told: /could not be brought back before this test: a fake server ended/,
    done: ['start'],
  },
  'is stopped by a test': {
    happens: server => server.stop(),
    done: ['if-gone'],
  },
  'is stopped, and goes on': {
    happens: server => {
      server.stop()
      server.isolated.watch.notice('resumed')
    },
    done: [],
  },
  'cannot undo': {
    happens: server => {
      server.faults = ['lost']
    },
    done: ['start'],
  },
  'is stuck': {
    happens: server => {
      server.faults = ['stuck']
    },
    told: /could not be brought back before this test: it does not answer/,
    done: ['kill', 'start'],
  },
  'dies, and so does the one in its place': {
    happens: server => {
      server.dieSeen()
      server.faults = ['dies']
    },
    told: /exited with code 3 before this test, and the server that was to take its place failed: .* exited with code 3/,
    done: ['if-gone'],
  },
  'dies, and no other one starts': {
    happens: server => {
      server.dieSeen()
      server.failedStarts = 1
    },
    told: /exited with code 3 before this test, and the server that was to take its place failed: .*did not start/,
    done: ['if-gone'],
  },
  'is stopped, and no other one starts': {
    happens: server => {
      server.stop()
      server.failedStarts = 1
    },
    told: /did not start/,
    done: ['if-gone'],
  },
}

describe("between two tests with 'reset'", () => {
  test.each(Object.entries(events))('%s', async (_, { happens, told, done }) => {
    const server = new FakeServer()
    await run(server)
    happens(server)
    const outcome = await run(server).catch((error: Error) => error)
    if (told) expect((outcome as Error).message).toMatch(told)
    else expect(outcome).toBe('')
    expect(server.done).toEqual(done)
    // Whatever it was, it is told once.
    expect(await run(server)).toBe('')
    expect(await run(server)).toBe('')
  })

  test.each(Object.entries(events))('%s, and beforeAll had changed something', async (_, { happens, told, done }) => {
    const server = new FakeServer()
    server.add('file')
    await run(server)
    happens(server)
    const outcome = await run(server).catch((error: Error) => error)
    if (told) expect((outcome as Error).message).toMatch(told)
    else if (done.length === 0) expect(outcome).toBe('file')
    else expect((outcome as Error).message).toMatch(/had to be replaced \(.*\): what beforeAll.* is lost/)
    // From then on it is lost, and each test says so, with the same reason.
    const next = await run(server).catch((error: Error) => error)
    if (done.length === 0) expect(next).toBe('file')
    else expect((next as Error).message).toMatch(/had to be replaced \(.+\): what beforeAll.* is lost/)
  })
})

describe('deaths', () => {
  test('under a test: told once, with all that is known', async () => {
    const server = new FakeServer()
    await server.isolated.beginTest({}, demand())
    server.dieSeen(7)
    const { watch } = server.isolated
    const death = await watch.findDeath({ when: 'during this test' })
    expect(death).toBeInstanceOf(ServerExitedError)
    expect(death).toMatchObject({ exitCode: 7, instance: 'Tarantool[fake]' })
    expect(await watch.findNewDeath('before this test')).toBeUndefined()
    expect(await run(server)).toBe('')
    expect(watch.life.is).toBe('up')
  })

  test('suspected only: one that refuses connections dies, one that takes them lives', async () => {
    const server = new FakeServer()
    const { watch } = server.isolated
    expect(await watch.findDeath({ when: 'now', suspected: true })).toBeUndefined()
    server.die()
    expect(await watch.findDeath({ when: 'now' })).toBeUndefined()
    expect(await watch.findDeath({ when: 'now', suspected: true })).toBeInstanceOf(ServerExitedError)
  })

  test.each([
    ['before a suite', (server: FakeServer) => server.isolated.beginSuite([suiteIn(undefined)]), 'before this suite'],
    ['while it is undone by hand', (server: FakeServer) => server.isolated.reset(), 'by reset()'],
    [
      'while it is undone after a suite',
      (server: FakeServer) => server.isolated.endSuite([suiteIn(undefined)]),
      'after this suite',
    ],
    [
      'while it is undone after a test',
      (server: FakeServer) => server.isolated.endTest({}, demand(), true),
      'after this test',
    ],
  ])('%s', async (_, act, when) => {
    const server = new FakeServer()
    await run(server)
    server.die()
    const error = await failure(act(server))
    expect(error).toBeInstanceOf(ServerExitedError)
    expect(error.message).toContain(`exited with code 3 ${when}`)
    expect(await run(server)).toBe('')
    expect(server.done).toEqual(['if-gone'])
  })

  test('in a hook: the first test is told of the death, and the others of the loss', async () => {
    const server = new FakeServer()
    const suite = suiteIn(undefined)
    await server.isolated.beginSuite([suite])
    server.add('hook')
    server.dieSeen()
    const wanted = { suites: [suite], hooksRan: true }
    expect((await failure(run(server, wanted))).message).toMatch(/exited with code 3 before this test/)
    expect((await failure(run(server, wanted))).message).toMatch(/had to be replaced \(it died\)/)
    expect((await failure(run(server, wanted))).message).toMatch(/had to be replaced \(it died\)/)
    await server.isolated.endSuite([suite])
    expect(await run(server)).toBe('')
  })

  test('a server that cannot be started any more: each test is told why', async () => {
    const server = new FakeServer()
    await run(server)
    server.dieSeen()
    server.failedStarts = 3
    const first = await failure(run(server))
    expect(first).toMatchObject({ name: 'ServerExitedError', exitCode: 3 })
    expect(first.cause).toMatchObject({ name: 'InitScriptError' })
    expect(await failure(run(server))).toMatchObject({ name: 'InitScriptError' })
    expect(await failure(run(server, { isolation: 'process' }))).toMatchObject({ name: 'InitScriptError' })
    expect(await run(server)).toBe('')
  })
})

describe('strict', () => {
  const strict = { strict: true }

  test('a difference that an undo leaves is told, and the next test has another server', async () => {
    const server = new FakeServer()
    const attempt = {}
    await server.isolated.beginTest(attempt, demand(strict))
    // What happens while the agent undoes is not seen by it.
    const { endTest } = server.isolated
    const ended = endTest.call(server.isolated, attempt, demand(strict), false)
    await Promise.resolve()
    await Promise.resolve()
    server.add('unseen')
    expect(await failure(ended)).toBeInstanceOf(LeftoverError)
    expect(server.done).toEqual(['start'])
    expect(await run(server, strict)).toBe('')
  })

  test('none is told where there is none', async () => {
    const server = new FakeServer()
    server.add('file')
    for (let round = 0; round < 3; round++) expect(await run(server, strict)).toBe('file')
  })
})

test('tests that share it begin and end in any order', async () => {
  const server = new FakeServer({ isolation: 'file' })
  const wanted = demand({ isolation: 'file' })
  const attempts = [{}, {}, {}]
  await Promise.all(attempts.map(attempt => server.isolated.beginTest(attempt, wanted)))
  server.add('shared')
  for (const attempt of attempts.toReversed()) await server.isolated.endTest(attempt, wanted, false)
  // No test runs: all is undone, also what the file did.
  await server.isolated.reset()
  expect(server.rows).toEqual([])
})
