import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, describe, expect, test } from 'vitest'
import { withLock } from '../../src/cache/lock.ts'
import { processScope } from '../../src/cache/process-scope.ts'
import { temporaryDirectory } from '../support/instances.ts'

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

const holder = (pid: number, scope = processScope()): string => JSON.stringify({ scope, pid, nonce: 'x' })

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

  test.each([
    ['of another host', holder(1, 'elsewhere')],
    ['of a process ID that is used again', holder(process.ppid)],
    ['that is empty', ''],
  ])('%s, that has shown no life for a minute', async (_, text) => {
    writeFileSync(path, text)
    const minutesAgo = new Date(Date.now() - 120_000)
    utimesSync(path, minutesAgo, minutesAgo)
    expect(await withLock(path, async () => 'done')).toBe('done')
  })

  test('by one of several', async () => {
    writeFileSync(path, holder(await endedProcess()))
    let running = 0
    let most = 0
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await new Promise(resolve => setTimeout(resolve, 20))
      running--
    }
    await Promise.all(Array.from({ length: 8 }, () => withLock(path, work)))
    expect(most).toBe(1)
  })
})

test.each([
  ['of a living process', () => holder(process.ppid)],
  ['of another host', () => holder(1, 'elsewhere')],
])('a lock %s is waited for, until the search is given up', async (_, text) => {
  writeFileSync(path, text())
  const abort = new AbortController()
  const onWait = (): void => abort.abort(new Error('enough'))
  await expect(withLock(path, async () => 'done', { signal: abort.signal, onWait })).rejects.toThrow()
  expect(readFileSync(path, 'utf8')).toBe(text())
})
