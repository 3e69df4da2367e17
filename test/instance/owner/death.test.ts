import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { skipWithout } from '../../support/features.ts'
import { contentOf, startInstance, temporaryDirectory } from '../../support/instances.ts'
import { Owner } from '../../support/owner.ts'
import { reaperOf, serversBelow } from '../../support/processes.ts'

const busyApp = 'while true do end'
// The promise of the fixture, for servers. A directory may take longer.
const within = { timeout: 1000, interval: 10 }

// The server's process is found by its working directory, which /proc has.
describe.skipIf(process.platform !== 'linux')('when its owner dies (needs /proc)', () => {
  test('kill -9 at 50 moments, from before the spawn to after ready: no server, no directory', async () => {
    const root = temporaryDirectory()
    const lane = async (first: number): Promise<void> => {
      for (let moment = first; moment < 50; moment += 2) {
        const owner = new Owner({ root })
        expect(await owner.line()).toBe('begin')
        // Spread over a start, which takes 50 to 150 ms here; the last ones come after it.
        const ready = owner.line()
        await Promise.race([ready, new Promise(resolve => setTimeout(resolve, moment * 3))])
        if (moment % 10 > 7) await ready
        await owner.kill()
      }
    }
    await Promise.all([lane(0), lane(1)])
    await expect.poll(() => serversBelow(root), within).toEqual([])
    const left = () => contentOf(root).map(name => [name, ...contentOf(join(root, name))])
    await expect.poll(left).toEqual([])
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s, which no handler sees: the same', async signal => {
    const root = temporaryDirectory()
    const owner = new Owner({ root })
    await owner.line()
    await owner.line()
    await owner.kill(signal)
    await expect.poll(() => serversBelow(root), within).toEqual([])
    await expect.poll(() => contentOf(root)).toEqual([])
  })

  test('a server whose Lua never yields is gone, too', async () => {
    const root = temporaryDirectory()
    const owner = new Owner({ root, appLua: busyApp })
    await owner.line()
    await expect.poll(() => serversBelow(root), { timeout: 10_000, interval: 10 }).toHaveLength(1)
    await owner.kill()
    await expect.poll(() => serversBelow(root), within).toEqual([])
    await expect.poll(() => contentOf(root)).toEqual([])
  })

  test.each([
    { server: 'that listens to its lifeline', app: '' },
    // A forked server has another parent, of whose death Linux would tell it.
    { server: 'that is spawned, whose Lua never yields', app: `require('log').info('busy now') ${busyApp}` },
  ])('with the reaper killed first, a server $server is gone, and its directory at the next start', async ({ app }) => {
    const root = temporaryDirectory()
    const owner = new Owner({ root, appLua: app, ...(app !== '' && { prefork: false }) })
    await owner.line()
    if (app === '') await owner.line()
    else await expect.poll(() => serversBelow(root), { timeout: 10_000, interval: 10 }).toHaveLength(1)
    const reaper = reaperOf(owner.pid)
    if (!reaper) throw new Error('no reaper runs')
    process.kill(reaper.pid, 'SIGKILL')
    await owner.kill()
    await expect.poll(() => serversBelow(root), within).toEqual([])
    expect(contentOf(root)).toHaveLength(1)
    // A root is swept once per process: another one does it.
    const next = new Owner({ root })
    await next.line()
    await next.line()
    expect(contentOf(root)).toHaveLength(1)
    await next.kill()
    await expect.poll(() => contentOf(root)).toEqual([])
  })

  test('what nothing else could end, the next start ends: a busy server behind a wrapper, its root a link', async () => {
    const directory = temporaryDirectory()
    const root = join(directory, 'link')
    mkdirSync(join(directory, 'root'))
    symlinkSync('root', root)
    const wrapper = join(directory, 'wrapper')
    writeFileSync(wrapper, `#!/bin/sh\n'${process.env.TARANTOOL_BIN ?? 'tarantool'}' "$@"\nexit $?\n`, { mode: 0o755 })
    const owner = new Owner({ root, appLua: `require('log').info('busy now') ${busyApp}`, commandToRun: wrapper })
    await owner.line()
    const isBusy = (): boolean =>
      contentOf(root).some(
        name => contentOf(join(root, name)).includes('tarantool.log') && logOf(name).includes('busy now'),
      )
    const logOf = (name: string): string => readFileSync(join(root, name, 'tarantool.log'), 'utf8')
    await expect.poll(isBusy, { timeout: 10_000, interval: 10 }).toBe(true)
    process.kill(reaperOf(owner.pid)?.pid ?? Number.NaN, 'SIGKILL')
    await owner.kill()
    const below = join(directory, 'root')
    onTestFinished(() => {
      for (const { pid } of serversBelow(below)) process.kill(pid, 'SIGKILL')
    })
    expect(serversBelow(below)).toHaveLength(2)
    const next = new Owner({ root })
    await next.line()
    await next.line()
    expect(contentOf(root)).toHaveLength(1)
    await next.kill()
    await expect.poll(() => serversBelow(below), within).toEqual([])
  })

  test('what the server has started goes with it', async context => {
    skipWithout('popen', context)
    const root = temporaryDirectory()
    const owner = new Owner({
      root,
      appLua: "sleeper = require('popen').new({ '/bin/sleep', '1000' }, { setsid = false })",
    })
    await owner.line()
    await owner.line()
    expect(serversBelow(root)).toHaveLength(2)
    await owner.kill()
    await expect.poll(() => serversBelow(root), within).toEqual([])
    await expect.poll(() => contentOf(root)).toEqual([])
  })

  test('a directory that is not ours, and one whose owner lives, are left alone', async () => {
    const root = temporaryDirectory()
    mkdirSync(`${root}/tnt-somebody-elses`)
    const instance = await startInstance({ root })
    const owner = new Owner({ root })
    await owner.line()
    await owner.line()
    await owner.kill()
    await expect.poll(() => contentOf(root).length).toBe(2)
    expect(contentOf(root)).toContain('tnt-somebody-elses')
    expect(await instance.eval('return 1')).toEqual([1])
  })
})
