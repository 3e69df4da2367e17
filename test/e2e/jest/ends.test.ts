import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { setUpJest } from '../support/jest.ts'
import { Project, type RunnerProcess } from '../support/project.ts'
import { jests } from '../support/runners.ts'

const uses = `
const { writeFileSync } = require('node:fs')
const { useTarantool } = require('tarantool-fixture/jest')
const tarantool = useTarantool()
const here = () => { writeFileSync('here', ''); return new Promise(resolve => setTimeout(resolve, 60_000)) }
`

const endings = {
  'Ctrl-C': run => process.kill(-Number(run.pid), 'SIGINT'),
  SIGTERM: run => run.kill('SIGTERM'),
  'kill -9': run => run.kill('SIGKILL'),
} satisfies Record<string, (run: RunnerProcess) => void>

const moments: Record<string, { files: Record<string, string>; endings: readonly (keyof typeof endings)[] }> = {
  'during the start of the servers': {
    files: {
      'app.lua': `
        require('fio').open(os.getenv('HERE'), { 'O_CREAT', 'O_WRONLY' }):close()
        require('fiber').sleep(60)`,
      'a.test.js': `${uses} test('never runs', () => {})`,
    },
    endings: ['Ctrl-C', 'kill -9'],
  },
  'in a test': {
    files: {
      'app.lua': '',
      'a.test.js': `${uses} test('stays', async () => { await tarantool.eval('return 1'); await here() }, 60_000)`,
      'b.test.js': `${uses} test('passes', () => {})`,
    },
    endings: ['Ctrl-C', 'SIGTERM', 'kill -9'],
  },
}

async function nothingIsLeft(project: Project): Promise<void> {
  await expect.poll(() => project.servers(), { timeout: 5000 }).toEqual([])
  await expect.poll(() => project.leftBehind(), { timeout: 5000 }).toEqual([])
}

const passing = `${uses} test('passes', async () => { expect(await tarantool.eval('return 1')).toEqual([1]) })`

const runs: Record<string, { files: Record<string, string>; args?: readonly string[]; says: RegExp; code: number }> = {
  'process.exit in a test, in band': {
    files: { ...setUpJest(), 'a.test.js': `${uses} test('exits', () => process.exit(3))` },
    args: ['--runInBand'],
    says: /process\.exit called with "3"/,
    code: 3,
  },
  'a worker that is killed in a test': {
    // With one server the other file passes only if the dead worker's lease has ended.
    files: {
      ...setUpJest('{ maxServers: 1 }', 'maxWorkers: 2'),
      'a.test.js': `${uses} test('dies', async () => {
        await tarantool.eval('return 1')
        process.kill(process.pid, 'SIGKILL')
      })`,
      'b.test.js': passing,
      'c.test.js': passing,
    },
    says: /Tests: +2 passed/,
    code: 1,
  },
  '--bail': {
    files: {
      ...setUpJest('{}', 'maxWorkers: 2'),
      'a.test.js': `${uses} test('fails', () => expect(1).toBe(2))`,
      'b.test.js': passing,
      'c.test.js': passing,
    },
    args: ['--bail'],
    says: /1 failed/,
    code: 1,
  },
  '--forceExit': {
    files: { ...setUpJest(), 'a.test.js': `${uses} setInterval(() => {}, 1000); test('passes', () => {})` },
    args: ['--forceExit'],
    says: /1 passed/,
    code: 0,
  },
  'a file that cannot be imported': {
    files: { ...setUpJest(), 'a.test.js': `${uses} require('./no-such-file')`, 'b.test.js': passing },
    says: /Cannot find module '\.\/no-such-file'/,
    code: 1,
  },
}

describe.each(jests)('$name', runner => {
  describe.each(Object.entries(moments))('%s', (_moment, { files, endings: ways }) => {
    test.each(ways)('%s', async ending => {
      const project = new Project(runner, {
        ...setUpJest("{ appLua: './app.lua', timeout: 60_000 }", 'maxWorkers: 2'),
        ...files,
      })
      const here = join(project.directory, 'here')
      const run = project.spawn([], { ownGroup: true, env: { HERE: here } })
      await expect.poll(() => existsSync(here), { timeout: 20_000 }).toBe(true)
      expect(project.servers().length).toBeGreaterThan(0)
      endings[ending](run)
      await nothingIsLeft(project)
      // Of a killed main process the workers live on.
      run.kill('SIGKILL')
      for (const { pid } of project.leftProcesses()) process.kill(pid, 'SIGKILL')
      await run
    })
  })

  test.each(Object.entries(runs))('%s', async (_, { files, args = [], says, code }) => {
    const project = new Project(runner, files)
    const { exitCode, output } = await project.run(args)
    expect(output).toMatch(says)
    expect(exitCode, output).toBe(code)
    await nothingIsLeft(project)
  })

  test('--watchAll: each run has servers of its own, never two sets; an edited application or config is seen', async () => {
    const project = new Project(runner, {
      'jest.config.js': `module.exports = { preset: 'tarantool-fixture', watchPathIgnorePatterns: ['seen.log', 'config.js'],
          modulePathIgnorePatterns: ['<rootDir>/tmp/'] }`,
      'tarantool.config.js': "module.exports = { appLua: './app.lua' }",
      'app.lua': "function word() return 'red' end",
      'other.lua': "function word() return 'green' end",
      'a.test.js': `
        const { appendFileSync, readdirSync, readFileSync, readlinkSync } = require('node:fs')
        const { useTarantool } = require('tarantool-fixture/jest')
        const tarantool = useTarantool()
        test('is seen', async () => {
          const servers = readdirSync('/proc').filter(pid => {
            try {
              return /^\\d+$/.test(pid) && readlinkSync('/proc/' + pid + '/cwd').startsWith(process.env.TMPDIR + '/')
                && !readFileSync('/proc/' + pid + '/cmdline', 'utf8').includes('prefork')
            } catch { return false }
          })
          const [word] = await tarantool.call('word')
          appendFileSync('seen.log', JSON.stringify({ word, servers: servers.length, pid: tarantool.pid }) + '\\n')
        })`,
    })
    const run = project.spawn(['--watchAll', '--maxWorkers=1'], { terminal: true, env: { CI: 'false', TERM: 'xterm' } })
    let output = ''
    run.all.on('data', chunk => {
      output += chunk
    })
    const seen = (): { word: string; servers: number; pid: number }[] =>
      existsSync(join(project.directory, 'seen.log'))
        ? project
            .read('seen.log')
            .trim()
            .split('\n')
            .map(line => JSON.parse(line) as { word: string; servers: number; pid: number })
        : []
    const ended = (): number => output.match(/Watch Usage/g)?.length ?? 0
    await expect.poll(ended, { timeout: 40_000 }).toBeGreaterThan(0)
    expect(seen(), output).toMatchObject([{ word: 'red', servers: 1 }])
    await expect.poll(() => project.servers()).toEqual([])
    const change = async (files: Record<string, string>): Promise<unknown> => {
      project.write(files)
      const before = [ended(), seen().length] as const
      run.stdin.write('\r')
      await expect.poll(() => seen().length, { timeout: 40_000, message: output }).toBeGreaterThan(before[1])
      await expect.poll(ended, { timeout: 40_000 }).toBeGreaterThan(before[0])
      return seen().at(-1)
    }
    expect(await change({ 'app.lua': "function word() return 'blue' end" })).toMatchObject({ word: 'blue', servers: 1 })
    const otherConfig = { 'tarantool.config.js': "module.exports = { appLua: './other.lua' }" }
    expect(await change(otherConfig)).toMatchObject({ word: 'green', servers: 1 })
    expect(new Set(seen().map(({ pid }) => pid)).size).toBe(seen().length)
    run.stdin.write('q')
    await run
    await nothingIsLeft(project)
  })
})
