import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Project, type RunnerProcess } from '../support/project.ts'
import { vitests } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const uses = `
import { writeFileSync } from 'node:fs'
import { useTarantool } from 'tarantool-fixture/vitest'
import { afterAll, expect, test } from 'vitest'
const tarantool = useTarantool()
const here = () => { writeFileSync('here', ''); return new Promise(resolve => setTimeout(resolve, 60_000)) }
`

const endings = {
  'Ctrl-C': run => process.kill(-Number(run.pid), 'SIGINT'),
  SIGINT: run => run.kill('SIGINT'),
  SIGTERM: run => run.kill('SIGTERM'),
  SIGHUP: run => run.kill('SIGHUP'),
  'kill -9': run => run.kill('SIGKILL'),
} satisfies Record<string, (run: RunnerProcess) => void>

type Ending = keyof typeof endings

interface Moment {
  readonly files: Record<string, string>
  /** How the run is ended then. */
  readonly endings: readonly Ending[]
}

/** Where a run is when it is ended: each writes the file `here` when it is there, and stays. */
const moments: Record<string, Moment> = {
  'during the start of the servers': {
    files: {
      'app.lua': `
        require('fio').open(os.getenv('HERE'), { 'O_CREAT', 'O_WRONLY' }):close()
        require('fiber').sleep(60)`,
      'a.test.ts': `${uses} test('never runs', () => {})`,
    },
    endings: ['Ctrl-C', 'kill -9'],
  },
  'in a test': {
    files: {
      'app.lua': '',
      'a.test.ts': `${uses} test('stays', async () => { await tarantool.eval('return 1'); await here() }, 60_000)`,
    },
    endings: ['Ctrl-C', 'SIGINT', 'SIGTERM', 'SIGHUP', 'kill -9'],
  },
  'between the tests': {
    files: { 'app.lua': '', 'a.test.ts': `${uses} test('passes', () => {}); afterAll(here, 60_000)` },
    endings: ['SIGTERM', 'kill -9'],
  },
}

async function nothingIsLeft(project: Project): Promise<void> {
  await expect.poll(() => project.servers(), { timeout: 5000 }).toEqual([])
  await expect.poll(() => project.leftBehind(), { timeout: 5000 }).toEqual([])
}

const passing = (name: string): string => `
  import { useTarantool } from 'tarantool-fixture/vitest'
  import { expect, test } from 'vitest'
  const tarantool = useTarantool()
  test('${name}', async () => { expect(await tarantool.eval('return 1')).toEqual([1]) })`

/** Ways in which a worker ends under a test. Of the last two Vitest 3.2 ends itself, with or without a fixture. */
const workerEnds: Record<string, { how: string; endsVitest3?: boolean }> = {
  'process.exit(1)': { how: 'process.exit(1)' },
  'an exit that Vitest does not see': { how: 'process.reallyExit(1)', endsVitest3: true },
  SIGKILL: { how: `process.kill(process.pid, 'SIGKILL')`, endsVitest3: true },
}

describe.each(vitests)('$name', runner => {
  describe.each(Object.entries(moments))('%s', (_moment, { files, endings: ways }) => {
    test.each(ways)('%s', async ending => {
      const project = new Project(runner, {
        ...setUpWith(`{ appLua: './app.lua', timeout: 60_000 }`, 'maxWorkers: 1'),
        ...files,
      })
      const here = join(project.directory, 'here')
      const run = project.spawn(['run'], { ownGroup: true, env: { HERE: here } })
      await expect.poll(() => existsSync(here), { timeout: 20_000 }).toBe(true)
      expect(project.servers()).toHaveLength(1)
      endings[ending](run)
      await nothingIsLeft(project)
      run.kill('SIGKILL')
      await run
    })
  })

  test.each(Object.entries(workerEnds))('a worker that ends by %s', async (_name, { how, endsVitest3 }) => {
    const project = new Project(runner, {
      // With one server the other files pass only if the dead worker's lease has ended.
      ...setUpWith('{ maxServers: 1 }', `pool: 'forks', maxWorkers: 2`),
      'ends.test.ts': `${uses} test('ends', async () => { await tarantool.eval('return 1'); ${how} })`,
      'a.test.ts': passing('a'),
      'b.test.ts': passing('b'),
      'c.test.ts': passing('c'),
    })
    const { exitCode, output } = await project.run()
    const others = endsVitest3 && runner.name === 'vitest-3.2' ? [] : ['a', 'b', 'c']
    for (const name of others) expect.soft(output).toMatch(new RegExp(`✓.*\\b${name}\\.test\\.ts`))
    expect.soft(exitCode).toBe(1)
    await nothingIsLeft(project)
  })

  test('an unhandled rejection in the main process', async () => {
    const project = new Project(runner, {
      ...setUpWith(),
      'second.ts': `
        import { existsSync } from 'node:fs'
        export default () => {
          const timer = setInterval(() => { if (existsSync('here')) { clearInterval(timer); Promise.reject(new Error('stray')) } }, 20)
        }`,
      'vitest.config.ts': `export default { test: { globalSetup: ['./tarantool.setup.ts', './second.ts'] } }`,
      'a.test.ts': `${uses} test('stays', here, 60_000)`,
    })
    const { exitCode, output } = await project.run()
    expect(output).toContain('stray')
    expect(exitCode).not.toBe(0)
    await nothingIsLeft(project)
  })

  test('--bail 1', async () => {
    const project = new Project(runner, {
      ...setUpWith('{}', 'maxWorkers: 2'),
      'a.test.ts': `${uses} test('fails', () => expect(1).toBe(2)); test('is not run', () => {})`,
      'b.test.ts': passing('b'),
      'c.test.ts': passing('c'),
    })
    const { exitCode, output } = await project.run(['run', '--bail', '1'])
    expect(output).toMatch(/1 failed/)
    expect(exitCode).toBe(1)
    await nothingIsLeft(project)
  })

  test.each([
    { what: 'pass', expected: 1, code: 0, says: /Tests +1 passed/ },
    { what: 'fail', expected: 2, code: 1, says: /Tests +1 failed/ },
  ])('a teardown that goes wrong hides no result: tests that $what', async ({ expected, code, says }) => {
    const project = new Project(runner, {
      ...setUpWith(),
      'late.ts': `export default () => () => { console.log('the other teardown ran') }`,
      'vitest.config.ts': `export default { test: { globalSetup: ['./late.ts', './break.ts', './tarantool.setup.ts'] } }`,
      // Tests that run as root may remove everything: the failure has to be made.
      'break.ts': `
        import fs from 'node:fs'
        import { syncBuiltinESMExports } from 'node:module'
        export default () => {
          fs.rmSync = () => { throw new Error('the disk is on fire') }
          syncBuiltinESMExports()
        }`,
      'a.test.ts': `
        import { expect, test } from 'vitest'
        test('the result', () => expect(1).toBe(${expected}))`,
    })
    const { exitCode, output } = await project.run()
    expect(output).toMatch(says)
    expect(output).toContain('tarantool-fixture: the disk is on fire')
    expect(output).toContain('the other teardown ran')
    expect(exitCode).toBe(code)
    await nothingIsLeft(project)
  })
})
