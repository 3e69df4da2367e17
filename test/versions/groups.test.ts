import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../support/npm.ts'
import { groups } from './groups.ts'

test('CI runs every directory of tests: against each Tarantool, or beside that', () => {
  const files = readdirSync(join(repository, 'test'), { recursive: true, encoding: 'utf8' })
  const tested = new Set(files.filter(file => file.endsWith('.test.ts')).map(file => `test/${file.split('/')[0]}`))
  const script = readFileSync(join(repository, '.ci', 'run'), 'utf8')
  const beside = /^step npm test -- (.*) \\$/m.exec(script)?.[1]?.split(' ') ?? []
  const run = new Set([...groups.flatMap(({ directories }) => directories), ...beside])
  expect([...tested].filter(directory => !run.has(directory))).toEqual([])
})
