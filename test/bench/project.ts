import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { installDirectory, isJest, jests, nodeOf, type Runner, scriptOf, vitests } from '../e2e/support/runners.ts'

export const vitest: Runner = vitests.find(({ name }) => name === 'vitest-4.1') as Runner
export const jest: Runner = jests.find(({ name }) => name === 'jest-30') as Runner

/** A project in a directory of its own, with the runner and the packed package. */
export function makeProject(runner: Runner, files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'))
  symlinkSync(join(installDirectory(runner), 'node_modules'), join(directory, 'node_modules'))
  const manifest = JSON.stringify({ private: true, type: isJest(runner) ? 'commonjs' : 'module' })
  for (const [name, text] of Object.entries({ 'package.json': manifest, ...files })) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  return directory
}

/** Runs a project's tests once; `took` is in milliseconds. */
export async function runProject(
  runner: Runner,
  directory: string,
  env: Record<string, string> = {},
): Promise<{ took: number; output: string }> {
  const args = isJest(runner) ? [] : ['run']
  const began = performance.now()
  const { all } = await execa(nodeOf(runner), [scriptOf(runner), ...args], {
    cwd: directory,
    env,
    all: true,
    stdin: 'ignore',
  })
  return { took: performance.now() - began, output: all }
}

/** Installs a module of nothing beside a runner, to compare an import with. Returns its directory. */
export function installEmptyModule(runner: Runner): string {
  const directory = join(installDirectory(runner), 'node_modules', 'empty-module')
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'package.json'), '{ "name": "empty-module", "exports": "./index.js" }')
  writeFileSync(join(directory, 'index.js'), '')
  return directory
}
