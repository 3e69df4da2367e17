import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { InstanceOptions } from '../../../src/index.ts'
import { contentOf, isAlive, newInstance, startInstance, temporaryDirectory } from '../../support/instances.ts'
import { repository } from '../../support/npm.ts'
import { Owner } from '../../support/owner.ts'
import { isForked, parentOf, pidOf, startForked, zygotes } from '../../support/prefork.ts'
import { serversBelow } from '../../support/processes.ts'

const isLinux = process.platform === 'linux'
const within = { timeout: 10_000, interval: 20 }

// More by hand: FORKS=2000 ROUNDS=200.
const restarts = Number(process.env.FORKS ?? 60)
const rounds = Number(process.env.ROUNDS ?? 8)

const descriptorsOf = (pid: number): number => contentOf(`/proc/${pid}/fd`).length

/** The memory that a process has of its own, in kB. */
function privateMemory(pid: number): number {
  const rollup = execFileSync('cat', [`/proc/${pid}/smaps_rollup`], { encoding: 'utf8' })
  return Number(/^Private_Dirty: +(\d+)/m.exec(rollup)?.[1])
}

afterEach(() => void vi.unstubAllEnvs())

describe.skipIf(!isLinux)('a zygote (needs Linux)', () => {
  test('serves a program from its second server on', async () => {
    const options = { env: { LC_ALL: 'C' }, prefork: true }
    vi.stubEnv('TARANTOOL_FIXTURE_PREFORK', '')
    expect(isForked(await startInstance(options))).toBe(false)
    expect(isForked(await startInstance(options))).toBe(true)
  })

  test.for<{ what: string; options: () => InstanceOptions }>([
    { what: 'prefork: false', options: () => ({ prefork: false }) },
    {
      what: 'arguments of a wrapper',
      options: () => ({ commandToRun: 'env', commandArgs: [String(process.env.TARANTOOL_BIN)] }),
    },
    {
      what: 'a script around Tarantool',
      options: () => {
        const commandToRun = join(temporaryDirectory(), 'tarantool')
        writeFileSync(commandToRun, `#!/bin/sh\nexec ${process.env.TARANTOOL_BIN} "$@"\n`, { mode: 0o755 })
        return { commandToRun }
      },
    },
  ])('is not used with $what', async ({ options }) => {
    const given = { prefork: true, ...options() }
    for (let count = 0; count < 2; count++) expect(isForked(await startInstance(given))).toBe(false)
  })

  test.skipIf(!existsSync('/proc/self/io'))(
    'compiles the Lua of its servers (needs a kernel that counts reads)',
    async () => {
      const server = await startForked({ recordChanges: true })
      const directory = join(repository, 'fixtures')
      const folders = [join(directory, 'boot'), join(directory, 'agent', 'isolation')]
      const sizes = folders.flatMap(folder => contentOf(folder).map(name => statSync(join(folder, name)).size))
      // The counts begin at the fork.
      const [, read] = /^rchar: (\d+)/m.exec(readFileSync(`/proc/${pidOf(server)}/io`, 'latin1')) ?? []
      expect(Number(read)).toBeLessThan(sizes.reduce((sum, size) => sum + size) / 2)
    },
  )

  test('is not used with TARANTOOL_FIXTURE_PREFORK=0', async () => {
    await startForked()
    vi.stubEnv('TARANTOOL_FIXTURE_PREFORK', '0')
    expect(isForked(await startInstance({ prefork: true }))).toBe(false)
  })

  test(`keeps its memory and descriptors over ${restarts} restarts`, async () => {
    const instance = await startForked()
    const zygote = parentOf(pidOf(instance))
    for (let count = 0; count < 20; count++) await instance.restart()
    const before = { descriptors: descriptorsOf(zygote), memory: privateMemory(zygote) }
    for (let count = 0; count < restarts; count++) await instance.restart()
    expect(parentOf(pidOf(instance))).toBe(zygote)
    expect(descriptorsOf(zygote)).toBe(before.descriptors)
    // Lua's garbage collector frees memory in steps.
    expect(privateMemory(zygote)).toBeLessThan(before.memory + 2048)
  })

  test('that is killed harms no server; their ends have no exit code; the next server has another zygote', async () => {
    const server = await startForked()
    const other = await startForked()
    const zygote = parentOf(pidOf(server))
    process.kill(zygote, 'SIGKILL')
    await vi.waitFor(() => expect(isAlive(zygote)).toBe(false), within)
    expect(await server.eval('return 1')).toEqual([1])
    await server.eval("require('fiber').create(function() os.exit(3) end)").catch(() => {})
    expect(await server.process?.wait()).toEqual({ exitCode: undefined, signal: undefined })
    expect(server.state).toBe('failed')
    expect(parentOf(pidOf(await startForked()))).not.toBe(zygote)
    await other.stop()
    expect(other.state).toBe('stopped')
  })

  test('that is killed leaves servers that can be killed, restarted and stopped', async () => {
    const [one, two, three] = [await startForked(), await startForked(), await startForked()]
    const pids = [one, two, three].map(pidOf)
    process.kill(parentOf(pidOf(one)), 'SIGKILL')
    await Promise.all([one.kill(), two.restart(), three.stop()])
    expect(pids.filter(isAlive)).toEqual([])
    expect(await two.eval('return 1')).toEqual([1])
  })

  test('that is killed before its owner knows of a fork: the child runs nothing in the directory', async () => {
    const zygote = parentOf(pidOf(await startForked()))
    const children = (): number =>
      readFileSync(`/proc/${zygote}/task/${zygote}/children`, 'utf8').trim().split(' ').length
    const root = temporaryDirectory()
    const server = newInstance({ root, prefork: true })
    const starting = server.start()
    // On a busy machine the server may be spawned, because the zygote takes too long.
    while (children() < 2 && !server.isRunning) await new Promise(resolve => setImmediate(resolve))
    process.kill(zygote, 'SIGKILL')
    // The owner hears of nothing meanwhile. A child that does not wait for its owner would write into the log.
    const log = join(server.workDir, 'tarantool.log')
    for (const end = performance.now() + 300; performance.now() < end && statSync(log).size === 0; );
    await starting
    expect(readFileSync(log, 'utf8').match(/[CI]> Tarantool \d/g)).toHaveLength(1)
    await vi.waitFor(() => expect(serversBelow(root).map(({ pid }) => pid)).toEqual([pidOf(server)]), within)
  })

  test('that is stopped by a signal holds up no start', async () => {
    const zygote = parentOf(pidOf(await startForked()))
    process.kill(zygote, 'SIGSTOP')
    const server = await startInstance({ prefork: true, timeout: 20_000 })
    expect(isForked(server)).toBe(false)
    await vi.waitFor(() => expect(isAlive(zygote)).toBe(false), within)
  })

  test('ends on SIGTERM', async () => {
    const server = await startForked()
    const zygote = parentOf(pidOf(server))
    process.kill(zygote, 'SIGTERM')
    await vi.waitFor(() => expect(isAlive(zygote)).toBe(false), within)
    expect(await server.eval('return 1')).toEqual([1])
  })

  test('without servers ends after some time; the next server has another zygote', async () => {
    await (await startForked()).stop()
    await vi.waitFor(() => expect(zygotes()).toEqual([]), within)
    expect(isForked(await startInstance({ prefork: true }))).toBe(true)
  })

  test('forks servers that start and end all at once', async () => {
    await startForked()
    const servers = Array.from({ length: 8 }, () => newInstance({ prefork: true }))
    await Promise.all(servers.map(server => server.start()))
    expect(servers.every(isForked)).toBe(true)
    await Promise.all(servers.map(server => server.stop()))
    expect(servers.map(server => server.process?.exit)).toEqual(servers.map(() => ({ exitCode: 0, signal: undefined })))
  })

  test('tells of the failure of a start as a spawn does', async () => {
    await startForked()
    const appLua = "error('on purpose')"
    const messages = [true, false].map(async prefork => {
      const error = await newInstance({ appLua, prefork })
        .start()
        .then(
          () => undefined,
          failure => failure as Error,
        )
      return error?.message.replaceAll(/127\.0\.0\.1:\d+|\d{4}-\S+ \S+ \[\d+\]|tnt-\w+/g, '…')
    })
    const [forked, spawned] = await Promise.all(messages)
    expect(forked).toContain('on purpose')
    expect(forked?.split('\n').slice(0, 4)).toEqual(spawned?.split('\n').slice(0, 4))
  })
})

describe.skipIf(!isLinux)('nothing is left (needs Linux)', () => {
  const env = { TARANTOOL_FIXTURE_PREFORK: '1' }

  test(`of ${rounds} owners that are killed at any moment of a start`, async () => {
    const root = temporaryDirectory()
    for (let round = 0; round < rounds; round++) {
      const owner = new Owner({ root }, env)
      await owner.line()
      const moment = Math.random() * 150
      await new Promise(resolve => setTimeout(resolve, moment))
      const below = serversBelow(root).map(({ pid }) => parentOf(pid))
      await owner.kill()
      await vi.waitFor(() => {
        expect(serversBelow(root), `killed after ${moment} ms`).toEqual([])
        expect(contentOf(root)).toEqual([])
        expect(below.filter(pid => pid !== owner.pid && pid > 1 && isAlive(pid))).toEqual([])
      }, within)
    }
  })

  test('of a server whose Lua never yields, when its owner is killed', async () => {
    const root = temporaryDirectory()
    const owner = new Owner({ root, appLua: 'while true do end' }, env)
    await owner.line()
    await vi.waitFor(() => expect(serversBelow(root)).toHaveLength(1), within)
    await owner.kill()
    await vi.waitFor(() => expect([serversBelow(root), contentOf(root)]).toEqual([[], []]), within)
  })

  test(`of ${rounds} zygotes that are killed at any moment of a start`, async () => {
    const root = temporaryDirectory()
    for (let round = 0; round < rounds; round++) {
      const first = await startForked({ root })
      const zygote = parentOf(pidOf(first))
      const second = newInstance({ root, prefork: true })
      const starting = second.start()
      await new Promise(resolve => setTimeout(resolve, Math.random() * 60))
      process.kill(zygote, 'SIGKILL')
      await starting
      expect(await second.eval('return 1')).toEqual([1])
      await Promise.all([first.stop(), second.stop()])
      expect(serversBelow(root)).toEqual([])
      expect(contentOf(root)).toEqual([])
    }
  })

  test(`of ${rounds} servers that are killed at any moment of a start`, async () => {
    const root = temporaryDirectory()
    const killServers = (): void => {
      for (const { pid } of serversBelow(root)) process.kill(pid, 'SIGKILL')
    }
    await startForked()
    for (let round = 0; round < rounds; round++) {
      const server = newInstance({ root, prefork: true })
      const starting = server.start().then(
        () => 'ready' as const,
        () => 'failed' as const,
      )
      await vi.waitFor(() => expect(serversBelow(root)).not.toEqual([]), { ...within, interval: 1 })
      killServers()
      // A child that ends before its owner has said a word is replaced by a spawned server, which is ready and lives.
      if ((await starting) === 'ready') {
        killServers()
        await server.process?.wait()
      }
      expect(server.state).toBe('failed')
      await server.stop()
      expect(serversBelow(root)).toEqual([])
      expect(contentOf(root)).toEqual([])
    }
  })
})
