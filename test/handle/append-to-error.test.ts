import { expect, test } from 'vitest'
import { appendToError, type ShownError } from '../../src/handle/failure-log.ts'

const frames = '\n    at users.test.ts:1:1'

test.each<[string, ShownError, ShownError]>([
  ['a message', { message: 'one' }, { message: 'one\n\nlog' }],
  ['no message', {}, { message: 'log' }],
  ['an empty message', { message: '' }, { message: 'log' }],
  [
    'a stack with the message',
    { message: 'one', stack: `Error: one${frames}` },
    { message: 'one\n\nlog', stack: `Error: one\n\nlog${frames}` },
  ],
  [
    'a stack without a message',
    { message: '', stack: `Error${frames}` },
    { message: 'log', stack: `Error\n\nlog${frames}` },
  ],
])('the log is appended to an error with %s', (_, error, expected) => {
  appendToError(error, 'log')
  expect(error).toEqual(expected)
})
