import { describe, expect, test } from 'vitest'
import { LeftoverError, ResetError, ServerExitedError } from '../../src/errors.ts'
import type { Demand, Scope } from '../../src/isolation/scope.ts'
import type { RequestsUnderWay } from '../../src/isolation/server.ts'
import { demand, FakeServer, type Fault, suiteIn } from './fake-server.ts'

/** A test that reads the rows and adds a row. */
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

  test("'none' undoes nothing, and asks once, for a reset by hand", async () => {
    const server = new FakeServer()
    expect(await run(server, { isolation: 'none', stays: true }, 'one')).toBe('')
    expect(await run(server, { isolation: 'none', stays: true })).toBe('one')
    expect(server.asked).toBe(1)
  })

  test("what tests with 'none' did is there for a suite with 'reset', and after it", async () => {
    const server = new FakeServer()
    const suite = suiteIn(undefined)
    const none = { isolation: 'none', stays: true } as const
    server.add('file')
    await run(server, none, 'one')
    await server.isolated.beginSuite(demand({ suites: [suite] }))
    server.add('suite')
    for (let round = 0; round < 2; round++) expect(await run(server, { suites: [suite] })).toBe('file one suite')
    await server.isolated.endSuite(demand({ suites: [suite] }))
    expect(await run(server, none, 'two')).toBe('file one')
    expect(await run(server, none, 'three')).toBe('file one two')
    expect(await run(server)).toBe('file one two three')
    expect(await run(server)).toBe('file one two three')
    await server.isolated.reset()
    expect(server.rows).toEqual([])
    expect(server.done).toEqual([])
  })

  test.each([
    [{ leasedBefore: true }, ''],
    [{ leasedBefore: true, isolation: 'file' as const }, ''],
    [{ leasedBefore: true, isolation: 'none' as const }, 'earlier file'],
    [{ leasedBefore: false }, 'earlier file'],
  ])('a file that begins on a server that is %j', async (facts, found) => {
    const server = new FakeServer(facts)
    server.add('earlier file')
    await server.isolated.beginFile(false)
    expect(server.rows.join(' ')).toBe(found)
  })

  test.each(['lost', 'stuck', 'dies', 'breaks'] as Fault[])(
    'an earlier file cannot be undone (%s): nobody is told',
    async fault => {
      const server = new FakeServer({ leasedBefore: true })
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
    await server.isolated.beginSuite(demand({ suites: [outer] }))
    expect(server.rows).toEqual(['file'])
    server.add('outer')
    expect(await run(server, { suites: [outer] })).toBe('file outer')
    await server.isolated.beginSuite(demand({ suites: [outer, inner] }))
    server.add('inner')
    expect(await run(server, { suites: [outer, inner] })).toBe('file outer inner')
    expect(await run(server, { suites: [outer, inner] })).toBe('file outer inner')
    await server.isolated.endSuite(demand({ suites: [outer, inner] }))
    expect(server.rows).toEqual(['file', 'outer'])
    expect(await run(server, { suites: [outer] })).toBe('file outer')
    // The runner did not report the end of the outer suite.
    await server.isolated.beginSuite(demand({ suites: [other] }))
    expect(server.rows).toEqual(['file'])
    server.add('other')
    expect(await run(server, { suites: [other] })).toBe('file other')
    await server.isolated.endSuite(demand({ suites: [other] }))
    expect(await run(server)).toBe('file')
  })

  test('by hand, in hooks: what the suite did, at the top of a file all', async () => {
    const server = new FakeServer()
    server.add('mistake')
    await server.isolated.reset()
    expect(server.rows).toEqual([])
    server.add('file')
    await server.isolated.beginSuite(demand({ suites: [suiteIn(undefined)] }))
    server.add('mistake')
    await server.isolated.reset()
    expect(server.rows).toEqual(['file'])
  })

  /** The rows after `reset()` in the second of two tests. */
  const byHand = { reset: 'file suite', file: 'file suite', none: 'file suite', restart: '', process: '' } as const

  test.each(Object.entries(byHand))(
    "by hand, in a test with '%s': what the hooks around it did is left",
    async (name, left) => {
      const server = new FakeServer()
      const suite = suiteIn(undefined)
      const wanted = { isolation: name as keyof typeof byHand, suites: [suite] }
      server.add('file')
      await server.isolated.beginSuite(demand(wanted))
      server.add('suite')
      await run(server, wanted)
      const attempt = {}
      await server.isolated.beginTest(attempt, demand(wanted))
      for (const row of ['once', 'twice']) {
        server.add(row)
        await server.isolated.reset()
        expect(server.rows.join(' ')).toBe(left)
      }
    },
  )

  test("by hand, the first thing of a file with 'none', on a server that earlier files have left as it is", async () => {
    const server = new FakeServer({ isolation: 'none' })
    const none = { isolation: 'none', stays: true } as const
    await run(server, none, 'earlier')
    const next = server.nextFile()
    next.add('file')
    const attempt = {}
    await next.isolated.beginTest(attempt, demand(none))
    next.add('test')
    await next.isolated.reset()
    expect(next.rows).toEqual(['earlier', 'file'])
    await next.isolated.endTest(attempt, demand(none), false)
    await next.isolated.reset()
    expect(next.rows).toEqual([])
  })

  test('by hand, at the top of a file, on a server that an earlier file has restarted with its data', async () => {
    const server = new FakeServer({ isolation: 'none' })
    server.add('earlier')
    server.restart()
    const next = server.nextFile()
    await next.isolated.beginFile(false)
    next.add('file')
    await next.isolated.reset()
    expect(next.rows).toEqual([])
    expect(next.done).toEqual(['start'])
  })

  test("what a file's hooks did is there for its tests with 'reset', on a server that earlier files have left as it is", async () => {
    const server = new FakeServer({ isolation: 'none' })
    const none = { isolation: 'none', stays: true } as const
    await run(server, none, 'earlier')
    const next = server.nextFile()
    await next.isolated.beginFile(false)
    next.add('file')
    for (let round = 0; round < 2; round++) expect(await run(next)).toBe('earlier file')
    const last = next.nextFile()
    await last.isolated.beginFile(false)
    last.add('last')
    const suites = [suiteIn(undefined)]
    await last.isolated.beginSuite(demand({ suites }))
    last.add('suite')
    for (let round = 0; round < 2; round++) {
      expect(await run(last, { suites })).toBe('earlier file test last suite')
    }
  })

  test('by hand, where nothing is recorded', async () => {
    const server = new FakeServer({ records: false })
    expect(await failure(server.isolated.reset())).toBeInstanceOf(ResetError)
  })
})

/**
 * An event between two tests, and the error that the second test gets. Without an error, the test finds an empty
 * server.
 */
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
  'is paused, and goes on': {
    happens: server => {
      server.pause()
      server.isolated.watch.notice('resumed')
    },
    done: [],
  },
  'is restarted by a test, with its data': {
    happens: server => server.restart(),
    done: ['start'],
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
  'gives a reply that cannot be read': {
    happens: server => {
      server.faults = ['babbles']
    },
    told: /could not be brought back before this test: a fake server sent an invalid reply/,
    done: ['start'],
  },
  'dies, and so does the one in its place': {
    happens: server => {
      server.dieSeen()
      server.faults = ['dies']
    },
    told: /exited with code 3 before this test, and its replacement failed: .* exited with code 3/,
    done: ['if-gone'],
  },
  'dies, and no other one starts': {
    happens: server => {
      server.dieSeen()
      server.failedStarts = 1
    },
    told: /exited with code 3 before this test, and its replacement failed: .*did not start/,
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
    // Every event is reported once.
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
    else expect((outcome as Error).message).toMatch(/had to be replaced \(.*\): the changes of beforeAll.* are lost/)
    // The changes remain lost, and each test reports this with the same reason.
    const next = await run(server).catch((error: Error) => error)
    if (done.length === 0) expect(next).toBe('file')
    else expect((next as Error).message).toMatch(/had to be replaced \(.+\): the changes of beforeAll.* are lost/)
  })
})

describe('tests with a process of their own, beside others', () => {
  const own = (isolation: 'restart' | 'process'): Partial<Demand> => ({ isolation })

  test.each([
    ['restart', 'start'],
    ['process', 'spare'],
  ] as const)("with '%s', what hooks and tests around them did is there again", async (isolation, by) => {
    const server = new FakeServer()
    const suite = suiteIn(undefined)
    server.add('file')
    expect(await run(server)).toBe('file')
    expect(await run(server, own(isolation))).toBe('')
    expect(await run(server, own(isolation))).toBe('')
    expect(await run(server)).toBe('file')
    await server.isolated.beginSuite(demand({ suites: [suite] }))
    server.add('suite')
    expect(await run(server, { ...own(isolation), suites: [suite] })).toBe('')
    expect(await run(server, { suites: [suite] })).toBe('file suite')
    await server.isolated.endSuite(demand({ suites: [suite] }))
    expect(await run(server)).toBe('file')
    expect(server.done).toEqual([by, 'aside', by, 'back', by, 'aside', 'back'])
  })

  test.each(['reset', 'file', 'none'] as const)("what tests with '%s' share is there again", async isolation => {
    const server = new FakeServer({ isolation })
    const shares = { isolation, stays: isolation === 'none' }
    await run(server, shares, 'one')
    expect(await run(server, own('restart'))).toBe('')
    expect(await run(server, shares)).toBe(isolation === 'reset' ? '' : 'one')
  })

  test('hooks after the last of them find it, and so does a suite, and a reset by hand', async () => {
    const server = new FakeServer()
    const attempt = {}
    const last = async (undo: boolean, ...suites: Scope[]): Promise<void> => {
      const wanted = demand({ ...own('restart'), suites })
      await server.isolated.beginTest(attempt, wanted)
      expect(server.rows).toEqual([])
      await server.isolated.endTest(attempt, wanted, undo)
    }
    server.add('file')
    server.isolated.noteUse()
    await last(true)
    expect(server.rows).toEqual(['file'])
    await last(false)
    const suite = suiteIn(undefined)
    await server.isolated.beginSuite(demand({ suites: [suite] }))
    expect(server.rows).toEqual(['file'])
    server.add('suite')
    await last(false, suite)
    await server.isolated.reset()
    expect(server.rows).toEqual(['file'])
  })

  test.each([1, 2, 3])(
    "hooks find nothing of a first test, which had the file's own process: %d tests",
    async count => {
      const server = new FakeServer()
      const suites = [suiteIn(undefined)]
      const wanted = demand({ ...own('restart'), suites })
      await server.isolated.beginSuite(wanted)
      for (let index = 1; index <= count; index++) {
        const attempt = {}
        await server.isolated.beginTest(attempt, wanted)
        expect(server.rows).toEqual([])
        server.add('test')
        await server.isolated.endTest(attempt, wanted, index === count)
      }
      expect(server.rows).toEqual([])
      await server.isolated.endSuite(wanted)
      expect(server.done.filter(what => what === 'aside')).toHaveLength(Math.min(1, count - 1))
    },
  )

  test.each(['file', 'none'] as const)(
    "tests with '%s' find what they share after them, and hooks, too",
    async isolation => {
      const server = new FakeServer({ isolation })
      const shares = { isolation, stays: true }
      server.add('file')
      await run(server, shares, 'one')
      const attempt = {}
      await server.isolated.beginTest(attempt, demand(own('restart')))
      expect(server.rows).toEqual([])
      server.add('own')
      await server.isolated.endTest(attempt, demand(own('restart')), true)
      expect(server.rows).toEqual(['file', 'one'])
      expect(await run(server, shares)).toBe('file one')
    },
  )

  test("a server with 'none' that records nothing stands aside for them, from the first of them on", async () => {
    const server = new FakeServer({ records: false, isolation: 'none' })
    const none = { isolation: 'none', stays: true } as const
    await run(server, own('restart'), 'own')
    expect(await run(server, none, 'one')).toBe('')
    expect(await run(server, own('restart'), 'own')).toBe('')
    expect(await run(server, own('restart'), 'own')).toBe('')
    expect(await run(server, none)).toBe('one')
  })

  test('the process that stood aside dies: its death is told by what is lost', async () => {
    const server = new FakeServer()
    server.add('file')
    server.isolated.noteUse()
    await run(server, own('restart'))
    server.asideDied = true
    expect((await failure(run(server))).message).toMatch(/had to be replaced \(it died\)/)
  })

  test('theirs dies, or is stopped: they hear of it, and the others find what they should', async () => {
    const server = new FakeServer()
    server.add('file')
    server.isolated.noteUse()
    await run(server, own('restart'))
    server.dieSeen()
    expect((await failure(run(server, own('restart')))).message).toMatch(/exited with code 3 before this test/)
    server.dieSeen()
    expect((await failure(run(server))).message).toMatch(/exited with code 3 before this test/)
    expect(await run(server)).toBe('file')
    await run(server, own('restart'))
    server.stop()
    expect(await run(server)).toBe('file')
  })

  test('none starts: the process that stood aside is back, and no test of theirs gets it', async () => {
    const server = new FakeServer()
    server.add('file')
    server.isolated.noteUse()
    server.failedStarts = 1
    expect((await failure(run(server, own('restart')))).message).toMatch(/did not start/)
    expect(await run(server, own('restart'))).toBe('')
    expect(await run(server)).toBe('file')
    expect(server.done).toEqual(['start', 'back', 'if-gone', 'start', 'aside', 'back'])
  })

  test('a server that has nothing to keep, since it records nothing, is replaced', async () => {
    const server = new FakeServer({ records: false })
    server.isolated.noteUse()
    await run(server, own('restart'))
    expect(server.done).toEqual(['start'])
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
    [
      'before a suite',
      (server: FakeServer) => server.isolated.beginSuite(demand({ suites: [suiteIn(undefined)] })),
      'before this suite',
    ],
    ['while it is undone by hand', (server: FakeServer) => server.isolated.reset(), 'by reset()'],
    [
      'while it is undone after a suite',
      (server: FakeServer) => server.isolated.endSuite(demand({ suites: [suiteIn(undefined)] })),
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
    await server.isolated.beginSuite(demand({ suites: [suite] }))
    server.add('hook')
    server.dieSeen()
    const wanted = { suites: [suite], hooksRan: true }
    expect((await failure(run(server, wanted))).message).toMatch(/exited with code 3 before this test/)
    expect((await failure(run(server, wanted))).message).toMatch(/had to be replaced \(it died\)/)
    expect((await failure(run(server, wanted))).message).toMatch(/had to be replaced \(it died\)/)
    await server.isolated.endSuite(demand({ suites: [suite] }))
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

describe('where nobody has the handle', () => {
  const unused = { isUsed: false }
  /** A test that only uses the address. */
  const act = async (server: FakeServer, wanted: Partial<Demand> = {}, row?: string): Promise<string> => {
    const attempt = {}
    const error = await server.isolated.beginTest(attempt, demand({ ...unused, ...wanted }))
    if (error) throw error
    const found = server.rows.join(' ')
    if (row) {
      server.clientCame = true
      server.add(row)
    }
    await server.isolated.endTest(attempt, demand({ ...unused, ...wanted }), false)
    return found
  }

  test("'reset' undoes what a client did, and each test asks once", async () => {
    const server = new FakeServer()
    server.add('file')
    expect(await act(server, {}, 'one')).toBe('file')
    expect(await act(server, {}, 'two')).toBe('file')
    expect(await act(server)).toBe('file')
    expect(server.asked).toBe(3)
  })

  test.each(['restart', 'process'] as const)("'%s' gives another process only after a client", async isolation => {
    const server = new FakeServer({ records: false, isolation })
    for (let round = 0; round < 3; round++) await act(server, { isolation })
    expect(server.done).toEqual([])
    await act(server, { isolation }, 'row')
    expect(await act(server, { isolation })).toBe('')
    expect(await act(server, { isolation })).toBe('')
    expect(server.done).toEqual([isolation === 'process' ? 'spare' : 'start'])
  })

  test("a handle's use counts like a client, and from then on the tests are like any", async () => {
    const server = new FakeServer({ records: false, isolation: 'restart' })
    await act(server, { isolation: 'restart' })
    server.isolated.noteUse()
    server.add('by the handle')
    expect(await run(server, { isolation: 'restart' })).toBe('')
    expect(await run(server, { isolation: 'restart' })).toBe('')
    expect(server.done).toEqual(['start', 'start'])
  })

  test.each(Object.entries(events))('%s: replaced without a word', async (_, { happens, done }) => {
    const server = new FakeServer()
    // The application itself writes.
    server.add('file')
    await act(server)
    happens(server)
    expect(await act(server)).toBe(server.rows.join(' '))
    await act(server)
    await server.isolated.beginSuite(demand({ ...unused, suites: [suiteIn(undefined)] }))
    await server.isolated.endSuite(demand({ ...unused, suites: [suiteIn(undefined)] }))
    expect(server.done).toEqual(done)
  })

  test.each(Object.entries(events))('%s: told, once a client was there', async (_, { happens, told }) => {
    const server = new FakeServer()
    await act(server, {}, 'row')
    await act(server)
    happens(server)
    const outcome = await act(server).catch((error: Error) => error)
    if (told) expect((outcome as Error).message).toMatch(told)
    else expect(outcome).toBe('')
  })

  test('no process can be started: nobody waits for it again', async () => {
    const server = new FakeServer()
    await act(server)
    server.dieSeen()
    server.failedStarts = 5
    for (let round = 0; round < 3; round++) await act(server)
    expect(server.done).toEqual(['if-gone'])
    // A test that uses the server gets the error.
    expect((await failure(run(server))).message).toMatch(/did not start/)
  })
})

describe('strict', () => {
  const strict = { strict: true }

  test('a difference that an undo leaves is told, and the next test has another server', async () => {
    const server = new FakeServer()
    const attempt = {}
    await server.isolated.beginTest(attempt, demand(strict))
    // The agent does not see changes that happen during its undo.
    const { endTest } = server.isolated
    const ended = endTest.call(server.isolated, attempt, demand(strict), false)
    await Promise.resolve()
    await Promise.resolve()
    server.add('unseen')
    expect(await failure(ended)).toBeInstanceOf(LeftoverError)
    expect(server.done).toEqual(['start'])
    expect(await run(server, strict)).toBe('')
  })

  const nothing = { at_end: 0, since: 0, now: 0, kinds: [], fibers: [], changed: [] }
  const rows = [{ space: 'rows', is_own: false, rows: { count: 3, first: '[1]', keys: ['kQE='] } }]

  /** The requests that were running during a test's undo, and the resulting error. */
  const underWay: [string, RequestsUnderWay | undefined, RegExp, RegExp][] = [
    [
      'nothing that is known',
      undefined,
      /changed test, unseen|changed .* in a way that its undo did not see/,
      /run_triggers/,
    ],
    [
      'nothing',
      nothing,
      /in a way that its undo did not see/,
      /^The undo does not see rows that change while .*run_triggers/,
    ],
    [
      'requests that wrote',
      { ...nothing, at_end: 3, since: 2, changed: rows },
      /5 requests went on when this test had ended, and changed 3 rows of space 'rows' \(\[1\] and others\) after/,
      /An await is missing/,
    ],
    [
      'a request that still runs',
      { ...nothing, at_end: 1, now: 1, kinds: ['1 CALL'], fibers: ['call at app.lua:5'], changed: rows },
      /1 request \(1 CALL, 1 still under way: call at app\.lua:5\) went on/,
      /An await is missing/,
    ],
    [
      'fibers that wrote',
      { ...nothing, fibers: ["fiber 'lua' at app.lua:5", "fiber 'lua' at app.lua:5"], changed: rows },
      /what it had started \(fiber 'lua' at app\.lua:5 \(2 times\)\) went on/,
      /work that it started still runs/,
    ],
    [
      'requests that wrote nothing',
      { ...nothing, since: 1 },
      /in a way that its undo did not see/,
      /When the test had ended, there also was 1 request\. If the test started that, an await is missing\. The undo does not see rows/,
    ],
    [
      'several requests that wrote nothing',
      { ...nothing, at_end: 1, since: 1, now: 1 },
      /in a way that its undo did not see/,
      /When the test had ended, there also were 2 requests \(1 still under way\)\. If/,
    ],
    [
      'a fiber that wrote nothing',
      { ...nothing, fibers: ["fiber 'lua' at app.lua:5"] },
      /in a way that its undo did not see/,
      /When the test had ended, there also was what it had started \(fiber 'lua' at app\.lua:5\)\. If/,
    ],
  ]

  test.each(underWay)('with %s under way', async (_, requests, says, hint) => {
    const server = new FakeServer()
    server.requests = requests
    const attempt = {}
    await server.isolated.beginTest(attempt, demand(strict))
    const ended = server.isolated.endTest(attempt, demand(strict), false)
    await Promise.resolve()
    await Promise.resolve()
    server.add('unseen')
    const error = (await failure(ended)) as LeftoverError
    expect(error.message).toMatch(says)
    expect(error.hint).toMatch(hint)
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
  // No test runs, so reset() undoes everything, including the file's changes.
  await server.isolated.reset()
  expect(server.rows).toEqual([])
})
