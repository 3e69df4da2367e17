import { createRequire } from 'node:module'
import { compareVersionsAsTexts, type Expect } from '../handle/equal-versions.ts'
import { nameTestFile } from '../handle/test-file.ts'
import { workerState } from '../handle/worker-state.ts'
import { sharedValue } from '../shared-value.ts'
import { circus } from './circus.ts'
import { expectTests } from './file-start.ts'
import { HooksOfFile } from './hooks-of-file.ts'

interface JestExpect extends Expect {
  getState(): { readonly testPath?: string | undefined }
}

// Jest's own require() has the module, also if the module is not installed beside Jest. Globals may be missing
// (injectGlobals).
function expectOfFile(): JestExpect {
  return (createRequire(__filename)('@jest/globals') as { readonly expect: JestExpect }).expect
}

/**
 * The hooks of the test file that runs here. They are installed on first use.
 *
 * @throws SetupError under another runner
 */
export function hooksOfFile(): HooksOfFile {
  return sharedValue('jest.hooks', installHooks)
}

function installHooks(): HooksOfFile {
  const state = circus()
  const hooks = new HooksOfFile(state)
  hooks.install()
  const expect = expectOfFile()
  compareVersionsAsTexts(expect)
  // Jest tells the name of the file when it imports it.
  const { testPath } = expect.getState()
  if (testPath) nameTestFile(testPath)
  expectTests(state)
  workerState().markUse = use => hooks.suites.mark(state.currentDescribeBlock, use)
  return hooks
}
