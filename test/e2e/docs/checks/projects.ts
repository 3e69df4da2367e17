import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, type TestContext } from 'vitest'
import { docker, needsEngine, noEngine } from '../../../support/engine.ts'
import { repository } from '../../../support/npm.ts'
import { type CodeBlock, codeBlocksOf, filesOf } from '../../support/code-blocks.ts'
import { Project, type RunResult } from '../../support/project.ts'
import { isJest, jests, type Runner, vitests } from '../../support/runners.ts'

/** Checks the code blocks under one heading. */
export type Check = (blocks: readonly CodeBlock[], context: TestContext) => Promise<void>

/** The checks of a page, by heading, in the page's order. */
export type PageChecks = Readonly<Record<string, Check>>

export const manifest: { readonly name: string; readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(repository, 'package.json'), 'utf8'),
)

function runnerNamed(wanted: string): Runner {
  const runner = [...vitests, ...jests].find(({ name }) => name === wanted)
  if (!runner) throw new Error(`no ${wanted}`)
  return runner
}

export const vitest: Runner = runnerNamed('vitest-4.1')
export const jest: Runner = runnerNamed('jest-30')

export const blocksUnder = (page: string, heading: string): CodeBlock[] => codeBlocksOf(page).get(heading) ?? []

/** The application that most pages share. */
const appLua: Readonly<Record<string, string>> = filesOf(blocksUnder('README.md', 'A first test'))

const config = "export default { test: { globalSetup: './test/tarantool.ts' } }"

/** The setup that most pages share: a page's own files replace it. */
export const shared: Readonly<Record<string, string>> = {
  ...appLua,
  'vitest.config.ts': config,
  'test/tarantool.ts': `
    import { defineTarantool } from 'tarantool-fixture/vitest/setup'
    export default defineTarantool({ appLua: './app.lua' })`,
}

/** A test file that expects values of a Lua expression. */
export const expectsOf = (lua: string, values: readonly unknown[]): string => `
  import { useTarantool } from 'tarantool-fixture/vitest'
  import { expect, test } from 'vitest'
  const tarantool = useTarantool()
  test('is set up as the page says', async () => {
    expect(await tarantool.eval(${JSON.stringify(`return ${lua}`)})).toEqual(${JSON.stringify(values)})
  })`

/** Runs a project. Nothing of it is left behind. */
export async function runProject(runner: Runner, files: Readonly<Record<string, string>>): Promise<RunResult> {
  const project = new Project(runner, files)
  const result = await project.run()
  expect(project.leftBehind()).toEqual([])
  return result
}

/** Checks that all tests of a project pass, and how many there are. */
export async function passes(runner: Runner, files: Readonly<Record<string, string>>, count: number): Promise<void> {
  const { output, exitCode } = await runProject(runner, files)
  expect(output).toMatch(new RegExp(isJest(runner) ? `Tests: +${count} passed` : `Tests +${count} passed`))
  expect(exitCode).toBe(0)
}

/** Makes the check of blocks that are files beside the shared ones: `count` tests pass under Vitest. */
export const passingWith =
  (count: number, more: Readonly<Record<string, string>> = {}): Check =>
  async blocks => {
    await passes(vitest, { ...shared, ...more, ...filesOf(blocks) }, count)
  }

/** The same, with the image of these tests in place of the page's. */
export const passingInContainers =
  (count: number, more: Readonly<Record<string, string>> = {}): Check =>
  async (blocks, { skip }) => {
    const files = filesOf(blocks)
    const setup = files['test/tarantool.ts'] ?? ''
    const text = setup.replace(/docker: \{.*?\}/, `docker: ${JSON.stringify(docker)}`)
    expect(text).not.toBe(setup)
    skip(noEngine, needsEngine)
    await passes(vitest, { ...shared, ...more, ...files, 'test/tarantool.ts': text }, count)
  }

/** Runs a block as a script. Returns what it prints. */
export async function runAsScript(text: string): Promise<string> {
  const project = new Project(vitest, { ...appLua, 'script.mjs': text })
  const { stdout } = await execa('node', ['script.mjs'], { cwd: project.directory })
  await expect.poll(() => project.servers(), { timeout: 5000 }).toEqual([])
  return stdout
}
