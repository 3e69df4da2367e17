import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as errors from '../../src/errors.ts'

const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const sections = new Map(
  text.split(/^#+ /m).map(section => {
    const [heading = '', ...body] = section.split('\n')
    return [heading, body.join('\n').trim()]
  }),
)
const { TarantoolFixtureError, ...classes } = errors
type ErrorClass = typeof TarantoolFixtureError

describe.each(Object.entries(classes) as [string, ErrorClass][])('%s', (name, Class) => {
  test('has a section in docs/errors.md that begins with its name', () => {
    expect(sections.get(Class.code)).toMatch(new RegExp(`^\`${name}\``))
  })

  // An error of the user's own Lua carries no advice of the fixture.
  const isUsersOwn = Class.prototype instanceof errors.LuaError || (Class as unknown) === errors.LuaError
  test(isUsersOwn ? 'does not point to it' : 'points to it', () => {
    // What an error of a port needs is not in the others' details.
    const error = new Class('it happened', {
      hint: 'Do this.',
      logTail: ['a line'],
      address: 'x',
    } as errors.ErrorDetails)
    const place = isUsersOwn ? '' : `See node_modules/tarantool-fixture/docs/errors.md#${Class.code.toLowerCase()}\n`
    expect(error.message).toMatch(`it happened [${Class.code}]\nDo this.\n${place}Last log lines:\n  a line`)
    expect(error.summary).toBe('it happened')
  })
})

test('no section is about an error that there is not', () => {
  const codes = new Set(Object.values(classes).map(Class => Class.code))
  expect([...sections.keys()].filter(heading => heading.startsWith('ERR_') && !codes.has(heading))).toEqual([])
})
