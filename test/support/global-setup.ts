import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { locateBinary } from '../../src/binary/locate.ts'
import { build } from './build.ts'
import { noEngine } from './engine.ts'
import './no-downloads.ts'

const key = Symbol.for('tarantool-fixture.test.build')
const once = globalThis as { [key]?: Promise<void> }

/**
 * Finds (on a clean machine: installs, once) the Tarantool that the tests run, and builds the package for those tests that
 * run it as a user would. The workers inherit the variables that are set here.
 */
export default async function setup(): Promise<() => void> {
  // Vitest calls the root's setup after those of its projects, one of which packs what is built here.
  once[key] ??= locateAndBuild()
  await once[key]
  return () => rmSync(String(process.env.TEST_PACKAGES), { recursive: true, force: true })
}

async function locateAndBuild(): Promise<void> {
  process.env.TEST_PACKAGES = mkdtempSync(join(tmpdir(), 'packages-'))
  if (noEngine)
    console.log('No container engine answers, or it has no image: tests that need one are skipped (npm run docker:up)')
  const [{ path, env }] = await Promise.all([locateBinary(), build()])
  process.env.TARANTOOL_BIN = path
  // A run says which Tarantool it uses, unless PATH has it: most tests read the output of a run without that line.
  process.env.PATH = `${dirname(path)}:${process.env.PATH}`
  for (const [name, value] of Object.entries(env)) {
    const before = process.env[name]
    process.env[name] = before ? `${value}:${before}` : value
  }
}
