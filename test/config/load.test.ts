import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findConfigFile, loadConfigFile } from '../../src/config/load.ts'
import { SetupError } from '../../src/errors.ts'
import { temporaryDirectory } from '../support/instances.ts'

function directoryWith(files: Record<string, string>): string {
  const directory = temporaryDirectory()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return directory
}

const config = { walMode: 'write' }
const asModule = `export default ${JSON.stringify(config)}`

describe('the tarantool.config file', () => {
  test.each([
    ['tarantool.config.ts', asModule],
    ['tarantool.config.mts', asModule],
    ['tarantool.config.js', asModule],
    ['tarantool.config.mjs', asModule],
    ['tarantool.config.json', JSON.stringify(config)],
  ])('%s', async (name, text) => {
    const directory = directoryWith({ 'package.json': '{ "type": "module" }', [name]: text })
    // Vitest's own import, which knows TypeScript, as the adapter passes it.
    const importFile = (path: string): Promise<unknown> => import(/* @vite-ignore */ path)
    expect(await loadConfigFile(directory, importFile)).toEqual({ path: join(directory, name), config })
    expect(findConfigFile(directory)).toBe(join(directory, name))
  })

  test('is read by Node itself where no runner does', async () => {
    const directory = directoryWith({ 'tarantool.config.mjs': asModule })
    expect((await loadConfigFile(directory)).config).toEqual(config)
  })

  test.each([
    ['no file', {}, /there is no tarantool\.config file in/],
    [
      'a file that throws',
      { 'tarantool.config.mjs': "throw new Error('boom')" },
      /cannot read .*tarantool\.config\.mjs: boom/,
    ],
    [
      'a file without a default export',
      { 'tarantool.config.mjs': 'export const config = {}' },
      /no config as its default export/,
    ],
    ['JSON that is none', { 'tarantool.config.json': '{' }, /cannot read .*tarantool\.config\.json/],
    ['JSON that is no object', { 'tarantool.config.json': '"text"' }, /no config as its default export/],
  ])('%s is a SetupError that says what to do', async (_, files, says) => {
    const failure = await loadConfigFile(directoryWith(files as Record<string, string>)).catch(
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(SetupError)
    expect((failure as SetupError).message).toMatch(says)
  })
})
