import fc from 'fast-check'
import type { RunnerTask } from 'vitest'
import { expect, test } from 'vitest'
import { mayLeaveSuite } from '../../src/vitest/rest-of-suite.ts'

interface Task {
  readonly type: 'test' | 'suite'
  readonly mode: 'run' | 'skip'
  readonly suite: { tasks: Task[] }
  result?: { state: 'run' }
}

// The definition, which looks at all tasks.
function leavesBy(task: Task): boolean {
  const left = task.suite.tasks.filter(other => other !== task && other.mode === 'run' && !other.result)
  return left.length === 0 || left.some(({ type }) => type === 'suite')
}

const shapes = fc.array(fc.record({ isSuite: fc.boolean(), isSkipped: fc.boolean() }), { minLength: 1, maxLength: 8 })

test('in whatever order the tests of a suite run, the answer is that of a look at all tasks', () => {
  fc.assert(
    fc.property(shapes, fc.array(fc.nat(7), { maxLength: 16 }), (shape, order) => {
      const suite: { tasks: Task[] } = { tasks: [] }
      for (const { isSuite, isSkipped } of shape) {
        suite.tasks.push({ type: isSuite ? 'suite' : 'test', mode: isSkipped ? 'skip' : 'run', suite })
      }
      for (const index of order) {
        const task = suite.tasks[index]
        if (!task || task.mode === 'skip') continue
        task.result = { state: 'run' }
        if (task.type === 'suite') continue
        expect(mayLeaveSuite(task as unknown as RunnerTask)).toBe(leavesBy(task))
      }
    }),
  )
})
