import { existsSync, mkdirSync, readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { processScope, startOf } from '../../src/cache/process-scope.ts'
import { makeStaging, sweepStaging } from '../../src/cache/staging.ts'
import { temporaryDirectory } from '../support/instances.ts'

const days = (count: number): Date => new Date(Date.now() - count * 24 * 3_600_000)

test('a sweep removes what an ended process left, and nothing of a living one, however old', async () => {
  const root = temporaryDirectory()
  const mine = await makeStaging(root)
  utimesSync(mine, days(2), days(2))
  const child = execa('true')
  await child
  mkdirSync(join(root, `.partial-${processScope()}-${child.pid}--00000000`))
  await sweepStaging(root)
  expect(readdirSync(root).map(name => join(root, name))).toEqual([mine])
})

test.runIf(startOf(process.pid))('a sweep knows a process from a later one with the same ID (on Linux)', async () => {
  const root = temporaryDirectory()
  mkdirSync(join(root, `.partial-${processScope()}-${process.pid}-1-00000000`))
  await sweepStaging(root)
  expect(readdirSync(root)).toEqual([])
})

test.each([
  [0, true],
  [2, false],
])('what another host left %d days ago stays: %j', async (age, stays) => {
  const root = temporaryDirectory()
  const place = join(root, '.partial-elsewhere-1-1-00000000')
  mkdirSync(place)
  utimesSync(place, days(age), days(age))
  await sweepStaging(root)
  expect(existsSync(place)).toBe(stays)
})
