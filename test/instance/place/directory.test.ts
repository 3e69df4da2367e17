import { spawnSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { makeDirectory, removeDirectory } from '../../../src/instance/place/directory.ts'
import { markerOf } from '../../../src/instance/place/marker.ts'
import { contentOf, startInstance, temporaryDirectory } from '../../support/instances.ts'

test("a run's directory that was removed under the run comes back with its marker, and goes with the run", async () => {
  const run = join(temporaryDirectory(), 'run')
  makeDirectory(run, { keep: false })
  const before = markerOf(run)
  const first = await startInstance({ root: run })
  rmSync(run, { recursive: true })
  const second = await startInstance({ root: run })
  expect(markerOf(run)).toEqual(before)
  expect(lstatSync(run).mode & 0o777).toBe(0o700)
  await Promise.all([first.stop(), second.stop()])
  removeDirectory(run)
  expect(existsSync(run)).toBe(false)
})

test('a directory without our marker is never removed, whatever is in its place', () => {
  const root = temporaryDirectory()
  const marker = '.tarantool-fixture.json'
  const spoilt = {
    none: undefined,
    empty: '',
    'not json': '{',
    null: 'null',
    'no owner': '{"keep":false}',
    'no pid': JSON.stringify({ pid: 0, uid: 0, scope: '', started: '' }),
    long: `{"pid":1,"uid":0,"scope":"","started":"","x":"${'x'.repeat(5000)}"}`,
  }
  for (const [name, text] of Object.entries(spoilt)) {
    const directory = join(root, name)
    mkdirSync(directory)
    if (text !== undefined) writeFileSync(join(directory, marker), text)
    removeDirectory(directory)
  }
  expect(contentOf(root).sort()).toEqual(Object.keys(spoilt).sort())
})

const isRoot = process.getuid?.() === 0

test.skipIf(!isRoot)(
  'a marker counts only if it is a small file of ours in a directory of ours (needs root)',
  async () => {
    const root = temporaryDirectory()
    const ours = join(root, 'ours')
    makeDirectory(ours, { keep: false })
    const name = '.tarantool-fixture.json'
    const make: Record<string, (at: string) => void> = {
      pipe: at => spawnSync('mkfifo', [at]),
      'endless file': at => symlinkSync('/dev/zero', at),
      link: at => symlinkSync(join(ours, name), at),
      'file of 8 TB': at => {
        writeFileSync(at, JSON.stringify(markerOf(ours)))
        truncateSync(at, 8 * 2 ** 40)
      },
      'file of another user': at => {
        writeFileSync(at, JSON.stringify(markerOf(ours)))
        chownSync(at, 65_534, 65_534)
      },
      "file of ours in another user's directory": at => {
        writeFileSync(at, JSON.stringify(markerOf(ours)))
        chownSync(join(at, '..'), 65_534, 65_534)
      },
    }
    for (const [what, makeAt] of Object.entries(make)) {
      mkdirSync(join(root, what))
      makeAt(join(root, what, name))
    }
    symlinkSync(ours, join(root, 'link to ours'))
    const paths = ['ours', ...Object.keys(make), 'link to ours'].map(path => join(root, path))
    // In a process of its own, because a read that never ends would block this one.
    const script = `
    import { markerOf } from '${new URL('../../../src/instance/place/marker.ts', import.meta.url)}'
    console.log(JSON.stringify(process.argv.slice(1).filter(path => markerOf(path))))`
    const args = ['--import', 'tsx', '--input-type=module', '--eval', script, ...paths]
    const { stdout } = await execa(process.execPath, args, { timeout: 20_000, killSignal: 'SIGKILL' })
    expect(JSON.parse(stdout)).toEqual([ours])
    removeDirectory(ours)
  },
)

// Paths of what others may look at.
const openIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(name => {
    const status = lstatSync(join(directory, name))
    return !status.isSocket() && (status.mode & 0o077) !== 0
  })

test('all that is written for a server is for its owner only; in a kept directory what the server wrote, too', async () => {
  const before = process.umask(0)
  try {
    const root = join(temporaryDirectory(), 'root')
    const instance = await startInstance({
      root,
      keep: 'always',
      appLua: `
        box.schema.space.create('s'):create_index('p')
        box.snapshot()
        require('fio').mkdir('of-the-application')
        require('fio').open('of-the-application/file', { 'O_CREAT' }, tonumber('666', 8)):close()`,
      seed: { s: [[1]] },
      seedTemplate: false,
      credentials: 'random',
    })
    const { workDir } = instance
    expect([root, workDir].map(path => lstatSync(path).mode & 0o777)).toEqual([0o700, 0o700])
    const written = ['.tarantool-fixture.json', 'app.lua', 'boot.lua', 'init.lua', 'seed.msgpack', 'tarantool.log']
    expect(contentOf(workDir)).toEqual(expect.arrayContaining(written))
    expect(openIn(workDir).filter(name => written.includes(name))).toEqual([])
    await instance.stop()
    expect(contentOf(workDir)).toEqual(expect.arrayContaining([...written, 'of-the-application']))
    expect(openIn(workDir)).toEqual([])
  } finally {
    process.umask(before)
  }
})
