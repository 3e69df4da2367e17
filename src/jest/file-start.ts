import { endingOfFile, resumeTestFile } from '../handle/test-file.ts'
import { clearTimeout, setTimeout } from '../protocol/node-builtins.ts'
import type { CircusState } from './circus.ts'
import { testsToRun } from './tests-to-run.ts'

/*
 * Whether a file's tests ever begin. jest-circus runs no hooks of a file that has no test to run, and none of one that cannot
 * be imported. Nobody says so, and the worker may get no other file while others wait for its servers.
 */

// In milliseconds: how long a file may take to begin. Until then it is imported, or setup files of the user's wait for something.
const longest = { setup: 60_000, import: 10_000 }

type FileEnding = ReturnType<typeof endingOfFile>

let timer: NodeJS.Timeout | undefined
let ending: FileEnding | undefined
/** Its servers were given back meanwhile, and others may have them. */
let isOverdue = false

// When the file is over, Jest empties what its globals held: what is needed then is held here.
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

/** The file is imported. */
export function expectTests(state: CircusState): void {
  if (!ending) return
  expectWithin(longest.import)
  whenStarted(state, () => {
    clearTimeout(timer)
    if (testsToRun(state.rootDescribeBlock, state).length === 0) void ending?.close()
  })
}

/** The first hook of the file runs. @throws LeaseError when another file has its server by now */
export async function confirmStart(): Promise<void> {
  if (isOverdue) await resumeTestFile()
}

// It says so to nobody, but notes it: the same in each version.
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
