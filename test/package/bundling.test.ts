import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { packPackage } from './packed.ts'

const { directory, manifest } = await packPackage()

/** What a bundler leaves of a module that imports a file and uses nothing of it. */
async function bundleOf(file: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: `import './${file}'`, resolveDir: directory },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
    logLevel: 'silent',
  })
  return outputFiles.map(({ text }) => text).join('')
}

// What they do when they are imported.
const effects = {
  'dist/cli/index.js': 'process.exitCode =',
  'dist/instance/sync/worker.js': "process.on('exit'",
  'dist/jest/es-module-only.cjs': 'throw Object.assign',
  'dist/jest/hooks.cjs': 'hooksOfFile()',
  'dist/link/worker.js': "parentPort?.on('message'",
  'dist/vitest/worker.js': 'await beginFile()',
}

test('every file that is imported for its effects says so', () => {
  expect([...manifest.sideEffects].sort()).toEqual(Object.keys(effects).map(file => `./${file}`))
})

test.each(Object.entries(effects))('a bundler keeps the effects of %s', async (file, text) => {
  const inSource = readFileSync(join(directory, file), 'utf8').replaceAll('"', "'")
  expect(inSource).toContain(text)
  expect((await bundleOf(file)).replaceAll('"', "'")).toContain(text)
})

test.each([
  'dist/index.js',
  'dist/vitest/index.js',
  'dist/vitest/setup.js',
  'dist/vitest/plugin.js',
  'dist/vitest/plugin-setup.js',
  'dist/jest/setup.js',
  'dist/jest/teardown.js',
])('a bundler drops %s where nothing of it is used', async file => {
  expect(await bundleOf(file)).toBe('')
})
