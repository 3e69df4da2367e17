import { closeSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ServerExitedError } from '../../src/index.ts'
import { LogFollower } from '../../src/log/follower.ts'
import { LogFile } from '../../src/log/log-file.ts'
import { readTail } from '../../src/log/tail.ts'
import { startInstance, temporaryDirectory } from '../support/instances.ts'

// More than a string of V8 may have.
const huge = 600 * 2 ** 20
const step = 128 * 1024

/** Writes a log of two lines, and one between them that is huge; on disk it has holes. */
function writeHugeLog({ dense }: { dense: boolean }): string {
  const path = join(temporaryDirectory(), 'tarantool.log')
  writeFileSync(path, 'first words\n')
  const file = openSync(path, 'r+')
  if (dense) for (let at = step; at < huge; at += step) writeSync(file, 'x', at)
  writeSync(file, `${dense ? '\n' : ''}last words\n`, huge)
  closeSync(file)
  return path
}

describe.each([
  { what: 'a line', dense: true },
  { what: 'a hole', dense: false },
])('a log with $what of 600 MB', ({ dense }) => {
  test('shows its end', () => {
    const { lines, earlier } = readTail(writeHugeLog({ dense }))
    expect(lines.at(-1)).toMatch(/last words$/)
    expect(lines.join('').length).toBeLessThan(10_000)
    expect(earlier).toBeUndefined()
  })

  test('is read and searched within bounds', async () => {
    const log = new LogFile(writeHugeLog({ dense }))
    const lines = await log.lines()
    expect(lines[0]).toMatch(/^… \(\d+ bytes of the log precede this\)$/)
    expect(lines.at(-1)).toBe('last words')
    expect((await log.text()).length).toBeLessThan(17 * 2 ** 20)
    expect(await log.grep('words')).toEqual(['first words', 'last words'])
    expect(await log.grep(/^first/, { since: 5 })).toEqual([])
    expect(await log.waitFor('last words')).toBe('last words')
  })

  test('is followed, also at its end', () => {
    const lines: string[] = []
    const follower = new LogFollower(writeHugeLog({ dense }), 0, line => lines.push(line.slice(0, 20)))
    follower.drain()
    expect([lines[0], lines.at(-1)]).toEqual(['first words', 'last words'])
  })
})

test('many matches are cut at their begin, and said to be', async () => {
  const path = join(temporaryDirectory(), 'tarantool.log')
  const line = 'x'.repeat(2 ** 20 - 10)
  const file = openSync(path, 'w')
  for (let count = 1; count <= 40; count++) writeSync(file, `${count} ${line}\n`)
  closeSync(file)
  const found = await new LogFile(path).grep('x')
  expect(found[0]).toMatch(/^… \((2\d) matching lines precede this\)$/)
  expect(found.at(-1)).toMatch(/^40 x/)
  expect(found.length).toBeLessThanOrEqual(17)
})

test('a log that begins anew is followed from its begin', async () => {
  const path = join(temporaryDirectory(), 'tarantool.log')
  writeFileSync(path, 'a line of the first log\n')
  const log = new LogFile(path)
  const line = log.waitFor('second', { since: log.offset })
  writeFileSync(path, 'second\n')
  expect(await line).toBe('second')
})

test('a server that dies with a huge log has its last words in the error', async () => {
  const instance = await startInstance({ walMode: 'none' })
  truncateSync(instance.logFile, huge)
  await instance.eval("require('log').info('last words')")
  const failure = (await instance
    .eval("require('ffi').cdef('int raise(int)') require('ffi').C.raise(9)")
    .catch(error => error)) as ServerExitedError
  expect(failure).toBeInstanceOf(ServerExitedError)
  expect(failure.logTail.at(-1)).toMatch(/last words$/)
  expect(failure.message.length).toBeLessThan(20_000)
})
