import { describe, expect, test } from 'vitest'
import { projectUnder, runTests } from '../support/as-jest.ts'
import { outcomes } from '../support/report.ts'
import { inTurn, jests, vitests } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const oneByOne = 'maxWorkers: 1, fileParallelism: false'
const app = `
  box.schema.space.create('rows'):create_index('pk', { parts = { 1, 'unsigned' } })
  function add() box.space.rows:auto_increment({}) return box.space.rows:count() end`

const head = `
  import { connect } from 'node:net'
  import { once } from 'node:events'
  import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
  import { useTarantool } from 'tarantool-fixture/vitest'
  import { beforeAll, describe, expect, inject, test, vi } from 'vitest'
  /** The servers of this run that are not the leased one, below the run's own directory. */
  const spares = () => readdirSync('/proc').filter(pid => /^\\d+$/.test(pid)).map(Number).filter(pid => {
    try {
      return pid !== tarantool.pid && readlinkSync('/proc/' + pid + '/cwd').startsWith(process.env.TMPDIR + '/')
        && /^(?!.*prefork).*boot\\.lua/.test(readFileSync('/proc/' + pid + '/cmdline', 'utf8'))
    } catch { return false }
  })
  const isAlive = pid => { try { process.kill(pid, 0); return true } catch { return false } }
`

interface Case {
  readonly fixture?: string
  readonly app?: string
  readonly files: Record<string, string>
  /** What each test's failure says; none for those that pass. */
  readonly failing?: Record<string, RegExp>
}

/** What a test adds to is what it finds. */
function describeAsking({
  before: [first, second],
  after,
}: {
  before: [number, number]
  after: number
}): Record<string, string> {
  return {
    'a.test.js': `${head}
        const tarantool = useTarantool()
        const pids = new Set()
        const adds = count => async () => { pids.add(tarantool.pid); expect(await tarantool.call('add')).toEqual([count]) }
        test('as ever', adds(${first}))
        test('as ever again', adds(${second}))
        describe('processes', () => {
          useTarantool({ isolation: 'process' })
          test('first', adds(1))
          test('second', adds(1))
          test('third', adds(1))
        })
        test('as ever at last', adds(${after}))
        test('has as many servers as it should', () => { expect(pids.size).toBe(4) })`,
    'b.test.js': `${head}
        const tarantool = useTarantool()
        test('alone', async () => { await vi.waitUntil(() => spares().length === 0, 10_000) })`,
  }
}

const cases: Record<string, Case> = {
  'each test has a process of its own on one address, with nothing of another test in it': {
    files: Object.fromEntries(
      ['a', 'b'].map(name => [
        `${name}.test.js`,
        `${head}
        const tarantool = useTarantool()
        const { port } = inject('tarantool')
        const seen = new Set()
        test.each([1, 2, 3, 4])('${name} %i', async () => {
          expect(seen).not.toContain(tarantool.pid)
          for (const pid of seen) expect(isAlive(pid)).toBe(false)
          seen.add(tarantool.pid)
          expect(tarantool.port).toBe(port)
          expect(process.env.TARANTOOL_PORT).toBe(String(port))
          expect(await tarantool.eval('return box.info.pid, box.cfg.listen, LEFT')).toEqual([tarantool.pid, '127.0.0.1:' + port, null])
          expect(await tarantool.command('box.info.pid')).toEqual([tarantool.pid])
          expect(await tarantool.call('add')).toEqual([1])
          await tarantool.eval('LEFT = true')
          expect(await tarantool.grepLog('ready to accept')).toEqual([])
          expect(readFileSync(tarantool.logFile, 'utf8')).toContain('ready to accept')
        })`,
      ]),
    ),
  },
  'the server of a test is the one that waited': {
    files: {
      'a.test.js': `${head}
        const tarantool = useTarantool()
        let waiting
        test('has a spare beside it', async () => {
          await vi.waitUntil(() => spares().length === 1, 10_000)
          waiting = spares()[0]
        })
        test('had been that spare', () => { expect(tarantool.pid).toBe(waiting) })`,
    },
  },
  'what the code under test keeps open breaks, and connects again where it was': {
    files: {
      'a.test.js': `${head}
        const tarantool = useTarantool()
        let open
        test('connects', async () => {
          open = connect(inject('tarantool'))
          open.on('error', () => {})
          expect(String((await once(open, 'data'))[0])).toContain('Tarantool')
        })
        test('connects again', async () => {
          if (!open.destroyed) await once(open, 'close')
          const again = connect(inject('tarantool'))
          expect(String((await once(again, 'data'))[0])).toContain('Tarantool')
          again.destroy()
        })`,
    },
  },
  'a spare that dies costs a start': {
    files: {
      'a.test.js': `${head}
        const tarantool = useTarantool()
        const before = tarantool.port
        let dead
        test('kills it', async () => {
          await vi.waitUntil(() => spares().length === 1 && existsSync(readlinkSync('/proc/' + spares()[0] + '/cwd') + '/ready'), 10_000)
          dead = spares()[0]
          process.kill(dead, 'SIGKILL')
        })
        test('runs all the same', async () => {
          expect(tarantool.pid).not.toBe(dead)
          expect(tarantool.port).toBe(before)
          expect(await tarantool.call('add')).toEqual([1])
        })`,
    },
    // Once it is ready, the main process connects to its console.
    app: `${app}
      local fixture = require('tarantool-fixture')
      local command = fixture.command
      fixture.command = function(text) io.open('ready', 'w'):close() return command(text) end`,
  },
  'an application that fails in its second process only fails the test that would have it': {
    app: `${app}
      local n = 1
      while io.open(os.getenv('MARKS') .. n) do n = n + 1 end
      io.open(os.getenv('MARKS') .. n, 'w'):close()
      if n == 2 then require('log').warn('a line before') error('port 8080 is taken') end`,
    files: {
      'a.test.js': `${head}
        const tarantool = useTarantool()
        test('first', async () => { expect(await tarantool.call('add')).toEqual([1]) })
        test('second', () => {})
        test('third', async () => { expect(await tarantool.call('add')).toEqual([1]) })`,
    },
    failing: {
      second:
        /port 8080 is taken \(spare Tarantool\[127\.0\.0\.1:\d+\] did not start\).*isolation: 'restart'.*a line before/s,
    },
  },
  'a test that stops, kills or freezes its server does not change the next one': {
    files: {
      'a.test.js': `${head}
        const tarantool = useTarantool()
        const acts = {
          stop: () => tarantool.stop(), kill: () => tarantool.kill(), pause: () => tarantool.pause(),
          restart: () => tarantool.restart(), term: () => tarantool.kill('SIGTERM'),
        }
        const seen = new Set()
        test.each(Object.keys(acts))('%s', async act => {
          expect(seen).not.toContain(tarantool.pid)
          expect(await tarantool.call('add')).toEqual([1])
          await acts[act]()
          seen.add(tarantool.pid)
        })
        test('runs', async () => { expect(await tarantool.call('add')).toEqual([1]) })`,
    },
  },
  "with 'restart', too, a test that restarts it by hand leaves nothing to the next": {
    fixture: "isolation: 'restart'",
    files: {
      'a.test.js': `${head}
        const tarantool = useTarantool()
        test.each([{}, { recreate: true }, {}])('restarts it %#', async options => {
          expect(await tarantool.eval('return LEFT')).toEqual([null])
          await tarantool.restart(options)
          await tarantool.eval('LEFT = true')
        })`,
    },
  },
  'a server that crashes under a test fails that one only': {
    files: {
      'a.test.js': `${head}
        const tarantool = useTarantool()
        test('crashes', async () => { await tarantool.eval('os.exit(3)').catch(() => {}) })
        test('runs', async () => { expect(await tarantool.call('add')).toEqual([1]) })`,
    },
    // 3.x waits in vain for the request that asks for the exit, and exits with 1.
    failing: { crashes: /exited with code [13] during this test/ },
  },
  "a describe asks for it in a file with 'none', and no process more is there after the file": {
    fixture: "isolation: 'none'",
    files: describeAsking({ before: [1, 2], after: 3 }),
  },
  "a describe asks for it in a file with 'reset', and no process more is there after the file": {
    fixture: '',
    files: describeAsking({ before: [1, 1], after: 1 }),
  },
}

describe.each([...vitests, ...jests])('$name', runner => {
  test.each(inTurn(runner, Object.entries(cases)))(
    '%s',
    async (_, { fixture = "isolation: 'process'", failing = {}, ...rest }) => {
      const files = { ...setUpWith(`{ appLua: './app.lua', ${fixture} }`, oneByOne), 'app.lua': rest.app ?? app }
      const project = projectUnder(runner, { ...files, ...rest.files })
      const env = { MARKS: `${project.directory}/mark-` }
      const { output } = await runTests(runner, project, { env })
      const results = outcomes(project)
      expect(Object.keys(results).length, output).toBeGreaterThan(0)
      for (const [title, outcome] of Object.entries(results)) {
        if (failing[title]) expect(outcome).toMatch(failing[title])
        else expect(outcome, `${title}: ${output}`).toBe('passed')
      }
      expect(project.servers()).toEqual([])
      expect(project.leftBehind()).toEqual([])
    },
  )
})
