import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { containersBelow, docker, engine, needsEngine, noEngine } from '../../support/engine.ts'
import { contentOf, temporaryDirectory } from '../../support/instances.ts'
import { Owner } from '../../support/owner.ts'
import { reaperOf } from '../../support/processes.ts'

const within = { timeout: 10_000, interval: 50 }
const busyApp = "require('log').info('busy now') while true do end"

/** The directories below `root` of servers that run `busyApp`. */
function busyBelow(root: string): string[] {
  const log = (name: string): string => join(root, name, 'tarantool.log')
  return contentOf(root).filter(name => existsSync(log(name)) && readFileSync(log(name), 'utf8').includes('busy now'))
}

describe.skipIf(noEngine)(`when the owner of a container dies (${needsEngine})`, () => {
  test('kill -9 at 20 moments, from before the container to after ready: no container, no directory', async () => {
    const root = temporaryDirectory()
    const lane = async (first: number): Promise<void> => {
      for (let moment = first; moment < 20; moment += 2) {
        const owner = new Owner({ root, docker })
        expect(await owner.line()).toBe('begin')
        // Spread over a start, which takes 0.4 to 0.8 s here; the last ones come after it.
        const ready = owner.line()
        await Promise.race([ready, new Promise(resolve => setTimeout(resolve, moment * 40))])
        if (moment % 10 > 7) await ready
        await owner.kill()
      }
    }
    await Promise.all([lane(0), lane(1)])
    await expect.poll(() => containersBelow(root), within).toEqual([])
    await expect.poll(() => contentOf(root), within).toEqual([])
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s, which no handler sees: the same', async signal => {
    const root = temporaryDirectory()
    const owner = new Owner({ root, docker })
    await owner.line()
    await owner.line()
    await owner.kill(signal)
    await expect.poll(() => containersBelow(root), within).toEqual([])
    await expect.poll(() => contentOf(root), within).toEqual([])
  })

  test('a server whose Lua never yields is gone, too', async () => {
    const root = temporaryDirectory()
    const owner = new Owner({ root, docker, appLua: busyApp })
    await owner.line()
    await expect.poll(() => busyBelow(root), within).toHaveLength(1)
    await owner.kill()
    await expect.poll(() => containersBelow(root), within).toEqual([])
    await expect.poll(() => contentOf(root), within).toEqual([])
  })

  test('one that is paused', async () => {
    const root = temporaryDirectory()
    const owner = new Owner({ root, docker })
    await owner.line()
    await owner.line()
    engine('pause', containersBelow(root)[0] ?? '')
    await owner.kill()
    await expect.poll(() => containersBelow(root), within).toEqual([])
  })

  test('with the reaper killed first, a server that listens to its lifeline is gone all the same', async () => {
    const root = temporaryDirectory()
    const owner = new Owner({ root, docker })
    await owner.line()
    await owner.line()
    process.kill(reaperOf(owner.pid)?.pid ?? Number.NaN, 'SIGKILL')
    await owner.kill()
    await expect.poll(() => containersBelow(root), within).toEqual([])
  })

  test('what nothing else could end, the next start ends; the container of an owner who lives stays', async () => {
    const root = temporaryDirectory()
    const living = new Owner({ root, docker })
    await living.line()
    await living.line()
    const [kept = ''] = containersBelow(root)
    const owner = new Owner({ root, docker, appLua: busyApp })
    await owner.line()
    await expect.poll(() => busyBelow(root), within).toHaveLength(1)
    const left = containersBelow(root).find(name => name !== kept)
    process.kill(reaperOf(owner.pid)?.pid ?? Number.NaN, 'SIGKILL')
    await owner.kill()
    expect(containersBelow(root)).toContain(left)
    const next = new Owner({ root, docker })
    await next.line()
    await next.line()
    expect(containersBelow(root)).toContain(kept)
    expect(containersBelow(root)).not.toContain(left)
    await Promise.all([next.kill(), living.kill()])
    await expect.poll(() => containersBelow(root), within).toEqual([])
    await expect.poll(() => contentOf(root), within).toEqual([])
  })
})
