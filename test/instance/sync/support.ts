import { afterEach } from 'vitest'
import { type InstanceOptions, TarantoolSyncInstance } from '../../../src/index.ts'

const made: TarantoolSyncInstance[] = []

afterEach(() => {
  for (const instance of made.splice(0)) instance.kill()
})

/** A blocking instance that is ended after the test. */
export function newSync(options: InstanceOptions = {}): TarantoolSyncInstance {
  const instance = new TarantoolSyncInstance(options)
  made.push(instance)
  return instance
}

/** What a function throws. */
export function thrownBy(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not throw')
}
