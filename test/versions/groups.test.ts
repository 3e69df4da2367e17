import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../support/npm.ts'
import { groups, isIn, needsRunners } from './groups.ts'

test('CI runs every directory of tests: against each Tarantool, or beside that', () => {
  const files = readdirSync(join(repository, 'test'), { recursive: true, encoding: 'utf8' })
  const tested = files.filter(file => file.endsWith('.test.ts')).map(file => `test/${file}`)
  const script = readFileSync(join(repository, '.ci', 'run'), 'utf8')
  const beside = /^step npm test -- (.*) \\$/m.exec(script)?.[1]?.split(' ') ?? []
  const isRun = (file: string): boolean =>
    groups.some(group => !needsRunners(group) && isIn(group, file)) ||
    beside.some(directory => file.startsWith(`${directory}/`))
  expect(tested.filter(file => !isRun(file))).toEqual([])
})
