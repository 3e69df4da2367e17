import { endingOfFile, resumeTestFile } from '../handle/test-file.ts'
import { clearTimeout, setTimeout } from '../node-builtins.ts'
import type { CircusState } from './circus.ts'
import { testsToRun } from './tests-to-run.ts'

/*
 * Detects files whose tests never begin. jest-circus runs no hooks of a file that has no test to run or that cannot be
 * imported. Nothing reports this. The worker may get no further file, while other workers wait for its servers.
 */

// The time that a file may take to begin, in milliseconds. Meanwhile Jest imports the file, or the user's setup files
// wait for something.
const longest = { setup: 60_000, import: 10_000 }

type FileEnding = ReturnType<typeof endingOfFile>

let timer: NodeJS.Timeout | undefined
let ending: FileEnding | undefined
/** The file took too long. Its servers were given back, and other files may have them. */
let isOverdue = false

// The module keeps this value, since Jest empties a file's globals after the file.
function expectWithin(time: number): void {
  clearTimeout(timer)
  timer = setTimeout(() => {
    isOverdue = true
    void ending?.finish()
  }, time).unref()
}

/** The file has its servers, and its setup files run. */
export function expectSetup(): void {
  ending = endingOfFile()
  expectWithin(longest.setup)
}

/** Jest imports the file. */
export function expectTests(state: CircusState): void {
  if (!ending) return
  expectWithin(longest.import)
  whenStarted(state, () => {
    clearTimeout(timer)
    if (testsToRun(state.rootDescribeBlock, state).length === 0) void ending?.close()
  })
}

/** The file's first hook runs. @throws LeaseError if another file has the server now */
export async function confirmStart(): Promise<void> {
  if (isOverdue) await resumeTestFile()
}

// jest-circus emits no event that all versions share, but every version sets `hasStarted`.
function whenStarted(state: CircusState, callback: () => void): void {
  let { hasStarted } = state
  Object.defineProperty(state, 'hasStarted', {
    configurable: true,
    enumerable: true,
    get: () => hasStarted,
    set: (value: boolean) => {
      hasStarted = value
      if (value) callback()
    },
  })
}
