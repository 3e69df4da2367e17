import { once } from 'node:events'
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type InstanceOptions, RootNotWritableError } from '../../../src/index.ts'
import { thisOwner } from '../../../src/instance/owner/owner.ts'
import { makeDirectory, newDirectoryPath, removeDirectory } from '../../../src/instance/place/directory.ts'
import { endUnusedZygotes } from '../../../src/instance/prefork/zygotes.ts'
import { contentOf, newInstance, startInstance, temporaryDirectory } from '../../support/instances.ts'
import { needsOtherUser, otherUser, runAsOther, sharedDirectory, spawnAsOther } from '../../support/other-user.ts'
import { Owner } from '../../support/owner.ts'
import { reaperOf, serversBelow } from '../../support/processes.ts'

const uid = process.getuid?.()
const usualName = `tnt-${uid}`

/** Files of the tester's that nobody may touch. */
function precious(): string {
  const directory = temporaryDirectory()
  for (let number = 1; number <= 50; number++) writeFileSync(join(directory, `file-${number}`), 'precious')
  mkdirSync(join(directory, 'tnt-precious'))
  return directory
}

function useTemporaryDirectory(path: string): void {
  const before = process.env.TMPDIR
  process.env.TMPDIR = path
  onTestFinished(() => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  })
}

// What an owner that has died would have written; the largest pid is never one's.
const marker = JSON.stringify({ ...thisOwner(), pid: 2 ** 30, keep: false })

// Runs as the other user, with the shared directory, the tester's files and the marker of a dead owner.
const plant = (what: string): string => `
  import { execFileSync } from 'node:child_process'
  import { once } from 'node:events'
import { chmodSync, mkdirSync, renameSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
  const [shared, precious, marker, usualName] = process.argv.slice(1)
  process.chdir(shared)
  const directory = (name, text = marker) => {
    mkdirSync(name)
    chmodSync(name, 0o777)
    if (text !== undefined) writeFileSync(name + '/.tarantool-fixture.json', text)
    return name
  }
  ${what}`

const plants = [
  {
    what: 'directories with the marker of a dead owner, and links in them',
    script: `
      for (const name of ['tnt-abcdefg1', usualName]) {
        directory(name)
        symlinkSync(precious, name + '/link')
        writeFileSync(name + '/server.pid', String(process.ppid))
      }`,
  },
  {
    what: 'links to a directory of the tester',
    script: 'symlinkSync(precious, "tnt-abcdefg1"); symlinkSync(precious, usualName)',
  },
  {
    what: 'directories that only that user can enter',
    script: 'for (const name of [usualName, usualName + "-abcdef"]) mkdirSync(name, { mode: 0o700 })',
  },
  { what: 'a link to nothing', script: 'symlinkSync("/nowhere/at/all", usualName)' },
  { what: 'a file', script: 'writeFileSync(usualName, marker)' },
  { what: 'a pipe', script: 'execFileSync("mkfifo", [usualName, "tnt-abcdefg1"])' },
  {
    what: 'markers that never end: a pipe, /dev/zero, a file of 8 TB',
    script: `
      for (const outer of ['.', directory(usualName), directory(usualName + '-abcdef')]) {
        const at = name => outer + '/' + name + '/.tarantool-fixture.json'
        for (const name of ['tnt-abcdefg1', 'tnt-abcdefg2', 'tnt-abcdefg3']) mkdirSync(outer + '/' + name)
        execFileSync('mkfifo', [at('tnt-abcdefg1')])
        symlinkSync('/dev/zero', at('tnt-abcdefg2'))
        writeFileSync(at('tnt-abcdefg3'), '')
        truncateSync(at('tnt-abcdefg3'), 8 * 2 ** 40)
      }`,
  },
]

describe.skipIf(otherUser === undefined)(`what another user has planted (${needsOtherUser})`, () => {
  let shared = ''
  let files = ''

  beforeEach(() => {
    shared = sharedDirectory()
    files = precious()
  })

  const plantAsOther = async (script: string): Promise<string[]> => {
    const { exitCode, stderr } = await runAsOther(plant(script), [shared, files, marker, usualName])
    expect([stderr, exitCode]).toEqual(['', 0])
    return contentOf(shared).sort()
  }

  function expectPrivate({ workDir }: { workDir: string }): void {
    const own = dirname(workDir)
    expect(dirname(own)).toBe(shared)
    for (const path of [own, workDir]) {
      const status = lstatSync(path)
      expect([status.isDirectory(), status.uid, status.mode & 0o777]).toEqual([true, uid, 0o700])
    }
  }

  const untouched = (): void => {
    expect(readdirSync(files).filter(name => !name.startsWith('file-'))).toEqual(['tnt-precious'])
    expect(readdirSync(files)).toHaveLength(51)
    expect(readFileSync(join(files, 'file-1'), 'utf8')).toBe('precious')
  }

  const ways: { way: string; options: () => InstanceOptions }[] = [
    {
      way: 'as the temporary directory',
      options: () => {
        useTemporaryDirectory(shared)
        return {}
      },
    },
    { way: 'as root', options: () => ({ root: shared }) },
  ]

  describe.each(ways)('in a shared directory, used $way', ({ options }) => {
    test.each(plants)('$what: a server starts, and nothing is touched', async ({ script }) => {
      const planted = await plantAsOther(script)
      const instance = await startInstance(options())
      expectPrivate(instance)
      untouched()
      await instance.stop()
      await endUnusedZygotes()
      expect(contentOf(shared).sort()).toEqual(planted)
      untouched()
    })
  })

  test('thousands of names of the kind that is taken instead: another of these is free', async () => {
    await plantAsOther(`
      symlinkSync(precious, usualName)
      for (let number = 0; number < 5000; number++) symlinkSync(precious, usualName + '-' + number)`)
    const instances = [await startInstance({ root: shared }), await startInstance({ root: shared })] as const
    for (const instance of instances) expectPrivate(instance)
    expect(dirname(instances[0].workDir)).toBe(dirname(instances[1].workDir))
    untouched()
  })

  // Meanwhile, another user does something at the usual name, as fast as possible.
  const whileAnotherUser = async (does: string, work: () => void | Promise<void>): Promise<void> => {
    const script = plant(`directory('d'); symlinkSync(precious, 'l'); console.log('ready'); for (;;) { ${does} }`)
    const racer = spawnAsOther(script, [shared, files, marker, usualName])
    try {
      await new Promise(resolve => racer.stdout?.once('data', resolve))
      await work()
    } finally {
      racer.kill('SIGKILL')
      await once(racer, 'exit')
    }
    untouched()
  }

  // The other user may be just in time to be in the way.
  const unlessInTheWay = (error: unknown): void => expect(error).toBeInstanceOf(RootNotWritableError) as undefined

  const renames = `
    for (const name of [usualName, 'tnt-abcdefg1']) {
      try { renameSync('d', name); renameSync(name, 'd') } catch {}
      try { renameSync('l', name); unlinkSync(name) } catch {}
      try { symlinkSync(precious, 'l') } catch {}
    }`

  test('names that change all the time: the same', () =>
    whileAnotherUser(renames, async () => {
      for (let start = 1; start <= 10; start++) {
        const instance = newInstance({ root: shared })
        await instance.start().then(() => expectPrivate(instance), unlessInTheWay)
        untouched()
        await instance.stop()
      }
    }))

  const linksAndUnlinks = `
    try { symlinkSync(precious, usualName) } catch {}
    try { unlinkSync(usualName) } catch {}`

  test('a link that comes and goes: many directories are made, and none of them elsewhere', () =>
    whileAnotherUser(linksAndUnlinks, () => {
      for (let attempt = 1; attempt <= 500; attempt++) {
        const path = newDirectoryPath(join(shared, usualName))
        try {
          makeDirectory(path, { keep: false })
          expectPrivate({ workDir: path })
        } catch (error) {
          unlessInTheWay(error)
        }
        removeDirectory(path)
      }
    }))

  test('the usual name is planted before the first start, and between two starts: another one is used', async () => {
    const instance = newInstance({ root: shared })
    expect(basename(dirname(instance.workDir))).toBe(usualName)
    await plantAsOther('directory(usualName)')
    await instance.start()
    expectPrivate(instance)
    const [used = ''] = contentOf(shared).filter(name => name !== usualName)
    await instance.stop()
    expect(contentOf(shared)).toEqual([usualName])
    await plantAsOther(`directory(${JSON.stringify(used)})`)
    await instance.start()
    expectPrivate(instance)
    expect(await instance.eval('return 1')).toEqual([1])
    expect(await instance.grepLog(/ready to accept requests/)).not.toEqual([])
    await instance.stop()
    expect(contentOf(shared).sort()).toEqual([usualName, used])
    for (const name of [usualName, used]) expect(contentOf(join(shared, name))).toEqual(['.tarantool-fixture.json'])
  })

  test('the usual name is planted when it is used: an error says whose it is, and nothing is written there', async () => {
    const place = join(shared, usualName)
    await plantAsOther('directory(usualName)')
    const make = (): void => makeDirectory(newDirectoryPath(place), { keep: false })
    expect(make).toThrow(`no directory is made in ${place}: ${place} belongs to another user (uid ${otherUser})`)
    expect(make).toThrow(RootNotWritableError)
    expect(contentOf(place)).toEqual(['.tarantool-fixture.json'])
  })

  test('what a dead owner left under another name is found by the next start', async () => {
    await plantAsOther('symlinkSync(precious, usualName)')
    const dead = new Owner({}, { TMPDIR: shared })
    await dead.line()
    await dead.line()
    process.kill(reaperOf(dead.pid)?.pid ?? Number.NaN, 'SIGKILL')
    await dead.kill()
    const [own = ''] = contentOf(shared).filter(name => name.startsWith(`${usualName}-`))
    expect(contentOf(join(shared, own))).toHaveLength(1)
    const instance = await startInstance({ root: shared })
    expect(dirname(instance.workDir)).toBe(join(shared, own))
    expect(contentOf(join(shared, own))).toEqual([basename(instance.workDir)])
    await instance.stop()
    expect(contentOf(shared)).toEqual([usualName])
    await expect.poll(() => serversBelow(shared)).toEqual([])
  })
})

describe('the root', () => {
  test('is used itself where nobody else can write', async () => {
    const root = join(temporaryDirectory(), 'made')
    const instance = await startInstance({ root })
    expect(dirname(instance.workDir)).toBe(root)
    expect(lstatSync(root).mode & 0o777).toBe(0o700)
    await instance.stop()
    expect(contentOf(root)).toEqual([])
  })

  test('a directory of ours that is open to others is not entered', async () => {
    const root = temporaryDirectory()
    chmodSync(root, 0o1777)
    mkdirSync(join(root, usualName))
    chmodSync(join(root, usualName), 0o777)
    const instance = await startInstance({ root })
    expect(basename(dirname(instance.workDir))).toMatch(new RegExp(`^${usualName}-\\w{8}$`))
    await instance.stop()
    expect(contentOf(root)).toEqual([usualName])
  })

  test.each([
    { what: 'that others may rename', make: (path: string) => chmodSync(path, 0o777) },
    {
      what: 'behind such a directory',
      make: (path: string) => {
        const open = temporaryDirectory()
        mkdirSync(join(open, 'below'))
        chmodSync(open, 0o777)
        symlinkSync(join(open, 'below'), join(path, 'root'))
      },
    },
  ])('one $what is not used, and a line says so', async ({ make }) => {
    const directory = temporaryDirectory()
    make(directory)
    const root = join(directory, 'root')
    const lines: string[] = []
    const instance = await startInstance({ root, logger: line => lines.push(line) })
    expect(instance.workDir.startsWith(directory)).toBe(false)
    expect(lines[0]).toMatch(/others may write to .*: the servers' directories are made in .*, not in the root /)
  })
})
