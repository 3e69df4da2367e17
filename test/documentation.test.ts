import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { temporaryDirectory } from './support/instances.ts'
import { repository } from './support/npm.ts'

// The package's own program, since the path depends on the process that finds it.
const cli = join(repository, 'dist/cli/index.js')

const install = (directory: string): void => {
  mkdirSync(join(directory, 'node_modules'), { recursive: true })
  symlinkSync(repository, join(directory, 'node_modules/tarantool-fixture'))
}

async function pathIn(directory: string): Promise<string | undefined> {
  const env = { TARANTOOL_FIXTURE_VERSION: 'x', TARANTOOL_BIN: '' }
  const { stderr } = await execa('node', [cli, 'install'], { cwd: directory, env, reject: false })
  return /^See (.*)#err_tarantool_invalid_option$/m.exec(stderr)?.[1]
}

test('an error names docs that exist, from wherever the process runs', async () => {
  const workspace = temporaryDirectory()
  const project = join(workspace, 'packages/shop')
  mkdirSync(project, { recursive: true })
  expect(await pathIn(project)).toBe(join(repository, 'docs/errors.md'))
  // Hoisted: for all projects of a workspace.
  install(workspace)
  expect(await pathIn(project)).toBe('../../node_modules/tarantool-fixture/docs/errors.md')
  install(project)
  expect(await pathIn(project)).toBe('node_modules/tarantool-fixture/docs/errors.md')
})
