import { isBuiltin } from 'node:module'
import { expect, test } from 'vitest'
import { kilobytesOf, type LoadingRunner, loadedBy } from '../support/loaded-files.ts'

const runners: LoadingRunner[] = ['vitest', 'jest']

test.each(runners)('a test file under %s loads less than 100 kB in four files', runner => {
  const { files } = loadedBy(runner)
  expect(kilobytesOf(files)).toBeLessThan(100)
  expect(files.size).toBeLessThanOrEqual(4)
})

test.each(runners)('a test file under %s loads no package but its runner', runner => {
  const { modules } = loadedBy(runner)
  expect([...modules].filter(name => !isBuiltin(name) && name !== runner)).toEqual([])
})

test.each(runners)('a test file under %s loads neither the protocols nor the code for logs', runner => {
  const names = [...loadedBy(runner).files.keys()].map(file => file.replace(/.*\//, ''))
  expect(names.filter(name => /protocols|log|tail|strictness|auth/.test(name))).toEqual([])
})
