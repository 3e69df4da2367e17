import { closeTestFile, endTestFile } from '../handle/test-file.ts'
import { workerState } from '../handle/worker-state.ts'
import { clearInterval, now, setInterval } from '../protocol/node-builtins.ts'
import { type CircusBlock, findCircus } from './circus.ts'

// In milliseconds.
const lookEvery = 250
// A module of CommonJS is evaluated without a pause; one of ES, and setup files of the user's, may wait for something.
const longestPause = { whileImported: 10_000, before: 60_000 }

/**
 * Gives a file's servers back where none of its hooks will: jest-circus runs no hooks of a file that has no test to run, and
 * none of one that cannot be imported; nobody says so, and the worker may get no other file while others wait.
 */
export function endUnlessBegun(): void {
  let last = now()
  let paused = 0
  const timer = setInterval(() => {
    const since = now() - last
    last += since
    // While a module is evaluated, nobody looks.
    paused = since < 2 * lookEvery ? paused + since : 0
    const state = findCircus()
    const isOver = state?.hasStarted
      ? hasNothingToRun(state.rootDescribeBlock)
      : paused > (state ? longestPause.whileImported : longestPause.before)
    if (!(workerState().isRunning || isOver)) return
    clearInterval(timer)
    if (!workerState().isRunning) void endTestFile().finally(closeTestFile)
  }, lookEvery)
  timer.unref()
}

const hasNothingToRun = (block: CircusBlock): boolean =>
  block.children.every(child =>
    child.type === 'describeBlock' ? hasNothingToRun(child) : child.status === 'skip' || child.status === 'todo',
  )
