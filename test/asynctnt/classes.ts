import { afterEach } from 'vitest'
import { type InstanceOptions, TarantoolAsyncInstance, TarantoolSyncInstance } from '../../src/index.ts'

/** An instance of either class: to await what a blocking method returned changes nothing. */
export type Either = TarantoolAsyncInstance | TarantoolSyncInstance

const made: Either[] = []

afterEach(async () => {
  await Promise.all(made.splice(0).map(instance => instance.kill()))
})

export type Class = typeof TarantoolAsyncInstance | typeof TarantoolSyncInstance

/** asynctnt's two classes for servers on this machine. */
export const classes: readonly { readonly name: string; readonly Class: Class }[] = [
  { name: 'TarantoolAsyncInstance', Class: TarantoolAsyncInstance },
  { name: 'TarantoolSyncInstance', Class: TarantoolSyncInstance },
]

/** An instance that is ended after the test. */
export function make(Class: Class, options: InstanceOptions = {}): Either {
  const instance = new Class(options)
  made.push(instance)
  return instance
}

/** The same, started. */
export async function start(Class: Class, options: InstanceOptions = {}): Promise<Either> {
  return await make(Class, options).start()
}

/** What a call throws, or rejects with. */
export async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}
