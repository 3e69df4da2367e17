import { createRequire } from 'node:module'
import { compareVersionsAsTexts, type Expect } from '../handle/equal-versions.ts'
import { workerState } from '../handle/worker-state.ts'
import { sharedValue } from '../shared-value.ts'
import { circus } from './circus.ts'
import { expectTests } from './file-start.ts'
import { HooksOfFile } from './hooks-of-file.ts'

// Jest's own require() has the module, also if the module is not installed beside Jest. Globals may be missing
// (injectGlobals).
function expectOfFile(): Expect {
  return (createRequire(__filename)('@jest/globals') as { readonly expect: Expect }).expect
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
  compareVersionsAsTexts(expectOfFile())
  expectTests(state)
  workerState().markUse = use => hooks.suites.mark(state.currentDescribeBlock, use)
  return hooks
}
