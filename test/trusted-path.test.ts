import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { pathWeakness } from '../src/trusted-path.ts'
import { temporaryDirectory } from './support/instances.ts'
import { hasUserNamespaces, inUserNamespace, needsUserNamespaces } from './support/user-namespace.ts'

const isRoot = process.getuid?.() === 0
const stranger = 65_534

// `at` is a closed directory; what is looked at is `at/path`.
interface Case {
  readonly what: string
  readonly make: (at: string) => void
  readonly shared?: true
  readonly needsRoot?: true
}

const openTo = (path: string, mode: number): void => {
  mkdirSync(path)
  chmodSync(path, mode)
}

const safe: Case[] = [
  { what: 'a directory of ours', make: at => openTo(join(at, 'path'), 0o755) },
  { what: 'nothing yet', make: () => {} },
  { what: 'nothing yet, in nothing yet', make: at => symlinkSync('gone/for/now', join(at, 'path')) },
  { what: 'a file of ours', make: at => writeFileSync(join(at, 'path'), '', { mode: 0o644 }) },
  { what: 'a directory like /tmp, where that is right', make: at => openTo(join(at, 'path'), 0o1777), shared: true },
  {
    what: 'a directory of ours in one like /tmp, behind links',
    make: at => {
      openTo(join(at, 'tmp'), 0o1777)
      openTo(join(at, 'tmp', 'ours'), 0o700)
      symlinkSync('./ours', join(at, 'tmp', 'link'))
      symlinkSync(`../${at.split('/').at(-1)}/tmp/link`, join(at, 'path'))
    },
  },
  {
    what: "a directory that root's own group may write to",
    make: at => openTo(join(at, 'path'), 0o775),
    needsRoot: true,
  },
]

const weak: (Case & { says: RegExp })[] = [
  {
    what: 'a directory open to others',
    make: at => openTo(join(at, 'path'), 0o777),
    says: /others may write to \S+\/path$/,
  },
  { what: 'one like /tmp', make: at => openTo(join(at, 'path'), 0o1777), says: /others may write to \S+\/path$/ },
  {
    what: 'a file open to others',
    make: at => {
      writeFileSync(join(at, 'path'), '')
      chmodSync(join(at, 'path'), 0o646)
    },
    says: /others may write to \S+\/path$/,
  },
  {
    what: 'a directory of ours in an open one, behind a link',
    make: at => {
      openTo(join(at, 'open'), 0o777)
      mkdirSync(join(at, 'open', 'ours'))
      symlinkSync(join(at, 'open', 'ours'), join(at, 'path'))
    },
    says: /others may write to \S+\/open$/,
  },
  {
    what: 'a way through an open directory and back',
    make: at => {
      openTo(join(at, 'open'), 0o777)
      mkdirSync(join(at, 'ours'))
      symlinkSync('open/../ours', join(at, 'path'))
    },
    says: /others may write to \S+\/open$/,
  },
  { what: 'links in a circle', make: at => symlinkSync('path', join(at, 'path')), says: /too many links/ },
  {
    what: "another user's directory",
    make: at => {
      mkdirSync(join(at, 'path'))
      chownSync(join(at, 'path'), stranger, stranger)
    },
    says: /path belongs to another user \(uid 65534\)/,
    needsRoot: true,
  },
  {
    what: "another user's link, to a directory of ours, in one like /tmp",
    make: at => {
      openTo(join(at, 'tmp'), 0o1777)
      symlinkSync('..', join(at, 'tmp', 'link'))
      lchownSync(join(at, 'tmp', 'link'), stranger, stranger)
      symlinkSync('tmp/link', join(at, 'path'))
    },
    says: /link belongs to another user/,
    needsRoot: true,
  },
  {
    what: 'a directory that a group of others may write to',
    make: at => {
      openTo(join(at, 'path'), 0o775)
      chownSync(join(at, 'path'), 0, stranger)
    },
    says: /others may write to \S+\/path$/,
    needsRoot: true,
  },
]

const applies = ({ needsRoot }: Case): boolean => isRoot || !needsRoot

describe('a path', () => {
  test.each(safe.filter(applies))('is safe that leads to $what', ({ make, shared = false }) => {
    const at = temporaryDirectory()
    make(at)
    expect(pathWeakness(join(at, 'path'), { shared })).toBe(undefined)
  })

  test.each(weak.filter(applies))('is not safe that leads to $what', ({ make, says }) => {
    const at = temporaryDirectory()
    make(at)
    expect(pathWeakness(join(at, 'path'))).toMatch(says)
  })

  // Outside of the test's directory, root's files are such: `/` is safe.
  test.skipIf(!hasUserNamespaces)(
    `is not safe in a shared directory where a user namespace does not know the owner (${needsUserNamespaces})`,
    async () => {
      const at = temporaryDirectory()
      openTo(join(at, 'shared'), 0o1777)
      const places = [join(at, 'closed'), join(at, 'shared', 'theirs')]
      for (const place of places) {
        mkdirSync(place)
        chownSync(place, stranger - 1, stranger - 1)
      }
      symlinkSync(join(at, 'closed'), join(at, 'shared', 'ours'))
      const script = `
        import { pathWeakness } from '${new URL('../src/trusted-path.ts', import.meta.url)}'
        console.log(JSON.stringify(process.argv.slice(1).map(path => pathWeakness(path) ?? 'safe')))`
      const [command = '', ...args] = inUserNamespace(0)
      const node = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', script]
      const { stdout } = await execa(command, [...args, ...node, ...places, join(at, 'shared', 'ours')])
      expect(JSON.parse(stdout)).toEqual(['safe', `${places[1]} belongs to another user (uid ${stranger})`, 'safe'])
    },
  )
})
