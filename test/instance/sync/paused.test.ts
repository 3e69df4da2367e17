import { expect, test } from 'vitest'
import { RequestTimeoutError } from '../../../src/index.ts'
import { newSync, thrownBy } from './support.ts'

test('a paused server is named as such when its requests run into their timeout', () => {
  const instance = newSync({})
  instance.start()
  instance.eval('return 1')
  instance.requestTimeout = 100
  instance.pause()
  const refusal = {
    summary: expect.stringMatching(/did not answer .*within 100 ms: the server is paused$/),
    hint: 'resume() lets it run again.',
  }
  for (const ask of [() => instance.eval('return 1'), () => instance.command('return 1')]) {
    const error = thrownBy(ask)
    expect(error).toBeInstanceOf(RequestTimeoutError)
    expect(error).toMatchObject(refusal)
  }
  instance.resume()
  instance.requestTimeout = 10_000
  expect(instance.eval('return 1')).toEqual([1])
})
