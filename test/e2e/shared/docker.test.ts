import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { containersBelow, docker, needsEngine, noEngine } from '../../support/engine.ts'
import { projectUnder, runTests, runUnder, spawnUnder } from '../support/as-jest.ts'
import type { Project, RunnerProcess } from '../support/project.ts'
import { resettingProject } from '../support/reset.ts'
import { inTurn, jests, type Runner, vitests } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const inContainer = `docker: ${JSON.stringify(docker)}`
// No binary of this machine is asked for.
const env = { TARANTOOL_BIN: '/nowhere' }
// One of each kind will do.
const oneOf = (kind: readonly Runner[], name: string): Runner[] =>
  [kind.find(runner => runner.name === name) ?? kind[0]].filter(runner => runner !== undefined)
const runners = [...oneOf(vitests, 'vitest-4.1'), ...oneOf(jests, 'jest-30')]

// A server that waits as a spare can take over a socket, but no published port.
const servers = [
  ['process', ''],
  ['process', "host: 'unix/',"],
  ['process', "host: 'unix/', consoleHost: '127.0.0.1',"],
  ['restart', ''],
] as const

const describes = [
  ['restart', ''],
  ['process', ''],
  ['restart', "docker: { ...docker, args: ['--network', 'host'] },"],
  ['process', "host: 'unix/', consoleHost: '127.0.0.1',"],
] as const

async function nothingIsLeft(project: Project): Promise<void> {
  await expect.poll(() => containersBelow(project.temporary), { timeout: 15_000 }).toEqual([])
  await expect.poll(() => project.servers(), { timeout: 5000 }).toEqual([])
  await expect.poll(() => project.leftBehind(), { timeout: 5000 }).toEqual([])
}

describe.skipIf(noEngine).each(runners)(`$name, servers in containers (${needsEngine})`, runner => {
  test('a config with docker works like one without, and leaves no container', async () => {
    const { exitCode, output, project } = await runUnder(
      runner,
      {
        ...setUpWith(
          `{ appLua: './app.lua', seed: { users: [[1, 'ann']] }, servers: { default: {}, other: {} }, ${inContainer} }`,
          'maxWorkers: 2',
        ),
        'app.lua':
          "box.schema.space.create('users', { if_not_exists = true }):create_index('primary', { if_not_exists = true })",
        'a.test.ts': `
        import { expect, test } from 'vitest'
        import { useTarantool } from 'tarantool-fixture/vitest'
        const tarantool = useTarantool()
        test('changes', async () => {
          expect(String(tarantool.port)).toBe(process.env.TARANTOOL_PORT)
          await tarantool.eval("box.space.users:insert({ 2, 'bob' })")
        })
        test('finds nothing of it', async () => {
          expect(await tarantool.eval('return box.space.users:count()')).toEqual([1])
        })
        test('kills it', async () => {
          await tarantool.kill('SIGKILL')
        })
        test('finds a new one on the same port', async () => {
          expect(await tarantool.eval('return box.space.users:count()')).toEqual([1])
          await tarantool.pause()
          await tarantool.resume()
          await tarantool.restart()
          expect(await tarantool.command('box.info.pid')).toEqual([1])
          expect(String(tarantool.port)).toBe(process.env.TARANTOOL_PORT)
        })
        test('shows the log', async () => {
          await tarantool.eval("require('log').info('said in the container')")
          expect(1).toBe(2)
        })`,
        'b.test.ts': `
        import { expect, test } from 'vitest'
        import { useTarantool } from 'tarantool-fixture/vitest'
        const other = useTarantool('other')
        const own = useTarantool({ config: { ${inContainer}, appLua: 'answer = 42' } })
        test('both', async () => {
          expect(await other.command('box.info.pid')).toEqual([1])
          expect(await own.eval('return answer')).toEqual([42])
        })`,
      },
      { env },
    )
    expect(output).toMatch(/Tests:? +1 failed(,| \|) 5 passed/)
    expect(output).toContain('said in the container')
    expect(exitCode).toBe(1)
    await nothingIsLeft(project)
  })

  test.each(inTurn(runner, servers, runners))(
    "isolation '%s' %s: each test has a server of its own, on the same address",
    async (isolation, host) => {
      const { exitCode, output, project } = await runUnder(
        runner,
        {
          ...setUpWith(`{ isolation: '${isolation}', ${host} ${inContainer} }`, 'maxWorkers: 1'),
          'a.test.ts': `
        import { expect, test } from 'vitest'
        import { useTarantool } from 'tarantool-fixture/vitest'
        const tarantool = useTarantool()
        const seen = new Set()
        test.each([1, 2, 3])('%i', async () => {
          seen.add(tarantool.pid)
          const [before] = await tarantool.eval('local before = mark mark = 1 return before')
          expect(before).toBe(null)
        })
        test('of three processes', () => expect(seen.size).toBe(3))`,
        },
        { env },
      )
      expect(output).toMatch(/Tests:? +4 passed/)
      expect(exitCode).toBe(0)
      await nothingIsLeft(project)
    },
  )

  test.each(inTurn(runner, describes, runners))(
    "a describe with '%s' beside a beforeAll: the hook's rows are there afterwards %s",
    async (isolation, options) => {
      const { exitCode, output, project } = await runUnder(
        runner,
        {
          ...resettingProject(`...(docker => ({ docker, ${options} }))(${JSON.stringify(docker)})`),
          'a.test.ts': `
        import { beforeAll, describe, expect, test } from 'vitest'
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { rowsOf } from './rows.ts'
        const tarantool = useTarantool()
        const rows = rowsOf(tarantool)
        const { port } = tarantool
        let pid
        beforeAll(async () => {
          await rows.add('hook')
          pid = tarantool.pid
        })
        for (const time of ['first', 'second']) {
          test(time + ' before', async () => {
            await rows.expect('hook')
            await rows.add('test')
          })
          describe(time, () => {
            useTarantool({ isolation: '${isolation}' })
            test.each([1, 2])('%i', async () => {
              await rows.expect('')
              await rows.add('inner')
              expect(tarantool.port).toBe(port)
              expect(tarantool.pid).not.toBe(pid)
            })
          })
        }
        test('afterwards', async () => {
          await rows.expect('hook')
          expect([tarantool.port, tarantool.pid]).toEqual([port, pid])
        })`,
          'b.test.ts': `
        import { test } from 'vitest'
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { rowsOf } from './rows.ts'
        const rows = rowsOf(useTarantool())
        test('finds nothing of the file before', () => rows.expect(''))`,
        },
        { env },
      )
      expect(exitCode, output).toBe(0)
      expect(output).toMatch(/Tests:? +8 passed/)
      await nothingIsLeft(project)
    },
  )

  test("kill -9 in a describe with 'restart' beside a beforeAll leaves neither container", async () => {
    const project = projectUnder(runner, {
      ...resettingProject(inContainer),
      'a.test.ts': `
        import { writeFileSync } from 'node:fs'
        import { beforeAll, describe, test } from 'vitest'
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { rowsOf } from './rows.ts'
        const rows = rowsOf(useTarantool())
        beforeAll(() => rows.add('hook'))
        describe('a suite', () => {
          useTarantool({ isolation: 'restart' })
          test('stays', async () => {
            await rows.expect('')
            writeFileSync('here', '')
            await new Promise(resolve => setTimeout(resolve, 60_000))
          }, 60_000)
        })`,
    })
    const run = spawnUnder(runner, project, env)
    await expect.poll(() => existsSync(join(project.directory, 'here')), { timeout: 30_000 }).toBe(true)
    expect(containersBelow(project.temporary)).toHaveLength(2)
    run.kill('SIGKILL')
    await nothingIsLeft(project)
    await run
  })

  test.each<[string, (run: RunnerProcess) => void]>([
    ['Ctrl-C', run => process.kill(-Number(run.pid), 'SIGINT')],
    ['kill -9', run => run.kill('SIGKILL')],
  ])('%s in a test leaves no container', async (_name, end) => {
    const project = projectUnder(runner, {
      ...setUpWith(`{ ${inContainer} }`, 'maxWorkers: 1'),
      'a.test.ts': `
        import { writeFileSync } from 'node:fs'
        import { test } from 'vitest'
        import { useTarantool } from 'tarantool-fixture/vitest'
        const tarantool = useTarantool()
        test('stays', async () => {
          await tarantool.eval('return 1')
          writeFileSync('here', '')
          await new Promise(resolve => setTimeout(resolve, 60_000))
        }, 60_000)`,
    })
    const run = spawnUnder(runner, project, env)
    await expect.poll(() => existsSync(join(project.directory, 'here')), { timeout: 30_000 }).toBe(true)
    expect(containersBelow(project.temporary)).toHaveLength(1)
    end(run)
    await nothingIsLeft(project)
    run.kill('SIGKILL')
    await run
  })

  test('the run says once which image it uses, and a file knows the version at its top', async () => {
    const asks = (use: string): string => `
      import { expect, test } from 'vitest'
      import { useTarantool } from 'tarantool-fixture/vitest'
      const tarantool = useTarantool(${use})
      const early = tarantool.version
      const old = early.isAtLeast(2, 7) ? test.skip : test
      old('runs on 2.6', async () => {
        const [version] = await tarantool.eval('return box.info.version')
        expect(early).toEqual(version)
      })`
    const run = async (config: string): Promise<string> => {
      const files = { ...setUpWith(config, 'maxWorkers: 2'), 'a.test.ts': asks(''), 'b.test.ts': asks("'other'") }
      const { exitCode, output, project } = await runUnder(runner, files, { env })
      expect(output).toMatch(/Tests:? +2 passed/)
      expect(exitCode).toBe(0)
      await nothingIsLeft(project)
      return output
    }
    const servers = `servers: { default: {}, other: {} }, ${inContainer}`
    const { image, tag, engine } = docker
    expect((await run(`{ ${servers} }`)).match(/^tarantool-fixture: Tarantool .*$/gm)).toEqual([
      `tarantool-fixture: Tarantool from the image ${image}:${tag}, run by ${engine}`,
    ])
    expect(await run(`{ quiet: true, ${servers} }`)).not.toContain('tarantool-fixture: ')
  })

  test("with lease: 'on-use', the engine is asked for nothing until a file needs a server", async () => {
    const noted = `{ ...${JSON.stringify(docker)}, engine: './engine' }`
    const project = projectUnder(runner, {
      ...setUpWith(`{ lease: 'on-use', docker: ${noted} }`, 'maxWorkers: 1'),
      engine: `#!/bin/sh\necho "$1" >> asked\nexec ${docker.engine} "$@"\n`,
      'a.test.ts': `
        import { existsSync } from 'node:fs'
        import { expect, test } from 'vitest'
        import { useTarantool } from 'tarantool-fixture/vitest'
        const asked = existsSync('asked')
        const tarantool = useTarantool()
        let early
        try {
          early = tarantool.version
        } catch (error) {
          early = error
        }
        test('knows the version from the first hook on', () => {
          expect(asked).toBe(false)
          expect(early.message).toMatch(/is not leased yet/)
          expect(tarantool.version.isAtLeast(2, 6)).toBe(true)
          expect(existsSync('asked')).toBe(true)
        })`,
    })
    chmodSync(join(project.directory, 'engine'), 0o755)
    const { output } = await runTests(runner, project, { env })
    expect(output).toMatch(/Tests:? +1 passed/)
    await nothingIsLeft(project)
  })

  test('an engine that does not answer fails the tests with its name, at once', async () => {
    const { exitCode, output, project } = await runUnder(
      runner,
      {
        ...setUpWith(`{ docker: { engine: './no-engine' } }`, 'maxWorkers: 1'),
        'a.test.ts': `
        import { test } from 'vitest'
        import { useTarantool } from 'tarantool-fixture/vitest'
        useTarantool()
        test('never runs', () => {})`,
      },
      { env },
    )
    expect(output).toContain(`cannot run ${project.directory}/no-engine, which runs the container`)
    expect(exitCode).toBe(1)
    await nothingIsLeft(project)
  })
})
