import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, describe, expect, test } from 'vitest'
import { withLock } from '../../src/cache/lock.ts'
import { processScope, startOf } from '../../src/cache/process-scope.ts'
import { temporaryDirectory } from '../support/instances.ts'
import { isOpenToOthers, needsOtherUser, otherUser, sharedDirectory } from '../support/other-user.ts'

let directory = ''
let path = ''

beforeEach(() => {
  directory = temporaryDirectory()
  path = join(directory, 'lock')
})

async function endedProcess(): Promise<number> {
  const child = execa('true')
  await child
  return child.pid ?? 0
}

const holder = (pid: number, scope = processScope(), started?: string): string =>
  JSON.stringify({ scope, pid, started, nonce: 'x' })

function age(file: string, minutes: number): void {
  const then = new Date(Date.now() - minutes * 60_000)
  utimesSync(file, then, then)
}

test('one at a time, and the lock goes with its work', async () => {
  let running = 0
  let most = 0
  const work = async (): Promise<number> => {
    most = Math.max(most, ++running)
    await new Promise(resolve => setImmediate(resolve))
    return running--
  }
  const waits = new Set<number>()
  const all = Array.from({ length: 5 }, () => withLock(path, work, { onWait: ({ pid }) => waits.add(pid) }))
  expect(await Promise.all(all)).toEqual([1, 1, 1, 1, 1])
  expect(most).toBe(1)
  expect([...waits]).toEqual([process.pid])
  expect(readdirSync(directory)).toEqual([])
})

test('goes with work that fails', async () => {
  await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(readdirSync(directory)).toEqual([])
})

describe('an abandoned lock is taken over:', () => {
  test('of a process that has ended', async () => {
    writeFileSync(path, holder(await endedProcess()))
    expect(await withLock(path, async () => readFileSync(path, 'utf8'))).toContain(`"pid":${process.pid}`)
    expect(readdirSync(directory)).toEqual([])
  })

  test.runIf(startOf(process.pid))('of a process ID that is used again (on Linux)', async () => {
    writeFileSync(path, holder(process.ppid, processScope(), '0'))
    expect(await withLock(path, async () => 'done')).toBe('done')
  })

  test.each([
    ['of another host, that has shown no life for minutes', holder(1, 'elsewhere'), 2],
    ['that is empty, for minutes', '', 2],
    ['of this host, whose process may be another, for a day', holder(process.ppid), 24 * 60],
  ])('%s', async (_, text, minutes) => {
    writeFileSync(path, text)
    age(path, minutes)
    expect(await withLock(path, async () => 'done')).toBe('done')
    expect(readdirSync(directory)).toEqual([])
  })

  test('after one that was killed while it took the lock over', async () => {
    const killed = holder(await endedProcess())
    writeFileSync(path, killed)
    const claim = `${path}.${createHash('sha256').update(killed).digest('hex').slice(0, 16)}`
    writeFileSync(claim, holder(await endedProcess(), processScope(), '1'))
    expect(await withLock(path, async () => 'done')).toBe('done')
    expect(readdirSync(directory)).toEqual([])
  })
})

test.each([
  ['of a living process', () => holder(process.ppid)],
  ['of a living process that was suspended', () => holder(process.ppid), 60],
  ['of another host', () => holder(1, 'elsewhere')],
])('a lock %s is waited for, until the search is given up', async (_, text, minutes = 0) => {
  writeFileSync(path, text())
  age(path, minutes)
  const abort = new AbortController()
  const onWait = (): void => abort.abort(new Error('enough'))
  await expect(withLock(path, async () => 'done', { signal: abort.signal, onWait })).rejects.toThrow()
  expect(readFileSync(path, 'utf8')).toBe(text())
})

describe('a lock that cannot be taken is an error:', () => {
  test('a directory', async () => {
    mkdirSync(path)
    await expect(withLock(path, async () => 'done')).rejects.toThrow('EISDIR')
  })

  test('a link to nowhere', async () => {
    symlinkSync(join(directory, 'nowhere'), path)
    await expect(withLock(path, async () => 'done')).rejects.toThrow(`${path} is a link, not a lock`)
  })

  test.skipIf(otherUser === undefined || !isOpenToOthers(import.meta.dirname)).each([
    ['abandoned, in a directory that can only be read', 0o555, 0o644],
    ['that is closed to others', 0o1777, 0o600],
  ])(`%s (${needsOtherUser})`, async (_, mode, lockMode) => {
    const shared = join(sharedDirectory(), 'locks')
    mkdirSync(shared)
    const lock = join(shared, 'lock')
    writeFileSync(lock, holder(await endedProcess()), { mode: lockMode })
    age(lock, 24 * 60)
    chmodSync(shared, mode)
    const script = `import { withLock } from '${new URL('../../src/cache/lock.ts', import.meta.url)}'
      await withLock('${lock}', () => {}).catch(error => console.log(error.message))`
    const { stdout } = await execa(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script],
      { uid: otherUser ?? 0, gid: otherUser ?? 0, cwd: '/', env: { TMPDIR: sharedDirectory() }, timeout: 10_000 },
    )
    expect(stdout).toMatch(/^EACCES/)
  })
})
