import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { canListen } from '../../src/instance/place/port.ts'
import { filesOfThree } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { contentOf, writeFiles } from '../support/instances.ts'
import { Owner } from '../support/owner.ts'
import { reaperOf, serversBelow } from '../support/processes.ts'

const within = { timeout: 3000, interval: 10 }
const soon = { timeout: 20_000, interval: 2 }

/** An application and a root side by side, because an instance works in the directory of the application. */
function places(): { directory: string; app: string; root: string; filesOf: () => string[] } {
  const files = Object.entries(filesOfThree).map(([name, text]) => [`my-app/${name}`, text])
  const directory = writeFiles({ ...Object.fromEntries(files) })
  const root = join(directory, 'root')
  mkdirSync(root)
  const filesOf = (): string[] =>
    contentOf(root).flatMap(name => contentOf(join(root, name)).map(file => join(root, name, file)))
  return { directory, app: join(directory, 'my-app'), root, filesOf }
}

const portsIn = (config: string): number[] => {
  const text = readFileSync(config, 'utf8')
  return [...text.matchAll(/"uri": "127\.0\.0\.1:(\d+)"/g)].map(([, port]) => Number(port))
}

type Place = ReturnType<typeof places>
const has =
  (name: string) =>
  ({ filesOf }: Place): boolean =>
    filesOf().some(path => path.endsWith(`/${name}`))

describe.skipIf(process.platform !== 'linux')('the owner of a cluster dies (needs /proc)', () => {
  beforeEach(context => skipWithout('a config file', context))

  test.each<[string, (place: Place, owner: Owner) => boolean]>([
    ['while Tarantool reads the config', () => true],
    ['when the cluster has its directory', ({ root }) => contentOf(root).length > 0],
    ['when the config is written', has('config.yaml')],
    [
      'when the first instance begins',
      ({ directory }) => serversBelow(directory).some(({ command }) => command.includes('--name')),
    ],
    ['when an instance has a console', has('a.1')],
    ['when an instance can be reached by the others', has('p.2')],
    [
      'when an instance has its data',
      ({ filesOf }) =>
        filesOf().some(path => path.endsWith('/s-001') && contentOf(path).some(name => name.endsWith('.snap'))),
    ],
  ])('%s: no process, no directory', async (_, isThere) => {
    const place = places()
    const { app, root, directory } = place
    const owner = new Owner({ app, root })
    await owner.line()
    await expect.poll(() => isThere(place, owner), soon).toBe(true)
    await owner.kill()
    await expect.poll(() => serversBelow(directory), within).toEqual([])
    await expect.poll(() => contentOf(root), within).toEqual([])
  })

  test('when it is ready: no process, no directory, and its ports are free', async () => {
    const { app, root, directory, filesOf } = places()
    const owner = new Owner({ app, root })
    await owner.line()
    await owner.line()
    const ports = portsIn(filesOf().find(path => path.endsWith('/config.yaml')) ?? '')
    expect(ports).toHaveLength(3)
    expect(serversBelow(directory)).toHaveLength(3)
    await owner.kill()
    await expect.poll(() => serversBelow(directory), within).toEqual([])
    await expect.poll(() => contentOf(root), within).toEqual([])
    for (const port of ports) expect(await canListen('127.0.0.1', port)).toBe(true)
  })

  test('and its reaper before: no process, and no directory after the next start', async () => {
    const { app, root, directory } = places()
    const owner = new Owner({ app, root })
    await owner.line()
    await owner.line()
    process.kill(reaperOf(owner.pid)?.pid ?? Number.NaN, 'SIGKILL')
    await owner.kill()
    await expect.poll(() => serversBelow(directory), within).toEqual([])
    const [left] = contentOf(root)
    const next = new Owner({ root })
    await next.line()
    await next.line()
    expect(existsSync(join(root, left ?? ''))).toBe(false)
    await next.kill()
    await expect.poll(() => contentOf(root), within).toEqual([])
  })
})
