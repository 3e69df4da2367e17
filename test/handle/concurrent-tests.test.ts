import { afterEach, expect, test } from 'vitest'
import type { LeasedServer } from '../../src/handle/leased-server.ts'
import { noteUse } from '../../src/handle/note-use.ts'
import { TestAttempt } from '../../src/handle/test-attempt.ts'
import { beginHooks, beginTestFile } from '../../src/handle/test-file.ts'
import { workerState } from '../../src/handle/worker-state.ts'
import type { Scope } from '../../src/isolation/scope.ts'

const scope = (): Scope => ({ parent: undefined, uses: [], hasHooks: false })

/** Uses a handle of a module that another file has evaluated, in a file with a server whose isolation is 'reset'. */
function useIn(root: Scope): void {
  const state = workerState()
  state.scopes = [root]
  state.scope = root
  const info = { name: 'default', isolation: 'reset', strict: false, records: true, ports: {} }
  // A lease needs a broker. The code under test reads only these fields of one.
  state.servers.set('default', { name: 'default', info, close: () => {} } as unknown as LeasedServer)
  noteUse({ use: { server: 'default' }, file: -1 })
}

afterEach(async () => {
  await beginTestFile([], 1)
})

test('a handle of a shared module cannot be used in a concurrent test, but in hooks after it', async () => {
  await beginTestFile([], 1)
  await beginHooks([scope()])
  const [one, other] = [0, 1].map(() => new TestAttempt({ scope: scope(), concurrent: true }))
  await one?.begin()
  await other?.begin()
  await one?.end(true)
  expect(() => useIn(scope())).toThrow(/concurrent tests share their file's server/)
  workerState().servers.clear()
  await other?.end(true)
  expect(() => useIn(scope())).not.toThrow()
})

test('concurrent tests of a file say nothing about the next file', async () => {
  await beginTestFile([], 1)
  // Vitest does not end a test that could not begin.
  await new TestAttempt({ scope: scope(), concurrent: true }).begin()
  await beginTestFile([], 1)
  expect(() => useIn(scope())).not.toThrow()
})
