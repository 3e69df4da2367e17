import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { installPackage, packPackage } from './packed.ts'

const packed = await packPackage()
const project = await installPackage(packed)

/** What Node prints that runs a program in the project. */
async function run(program: string, type: 'module' | 'commonjs'): Promise<string> {
  const args = [`--input-type=${type}`, '--eval', program]
  const { all } = await execa(process.execPath, args, { cwd: project, all: true, reject: false, env: { VITEST: '' } })
  return all
}

test('fewer than 45 packages come with it', () => {
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as { packages: object }
  const installed = Object.keys(lock.packages).filter(path => path !== '')
  expect(installed).toContain('node_modules/tarantool-fixture')
  expect(installed.length).toBeLessThan(45)
})

describe('entries that load without a runner', () => {
  const entries = {
    'tarantool-fixture': 'TarantoolInstance',
    'tarantool-fixture/values': 'Decimal',
    'tarantool-fixture/vitest/setup': 'defineTarantool',
    'tarantool-fixture/vitest/plugin': 'tarantool',
    'tarantool-fixture/jest': 'useTarantool',
    'tarantool-fixture/jest/setup': 'defineTarantool',
    'tarantool-fixture/jest/teardown': 'default',
  }

  test.each(Object.entries(entries))('%s', async (entry, name) => {
    expect(await run(`import * as all from '${entry}'; console.log(typeof all.${name})`, 'module')).toBe('function')
    // A default export that is alone is the module itself.
    const required = await run(`const all = require('${entry}'); console.log(typeof (all.${name} ?? all))`, 'commonjs')
    // Node says once that its require() of ES modules is new.
    expect(required.split('\n')[0]).toBe('function')
  })
})

test.each(['./jest-preset', './package.json'])('%s is for require', async entry => {
  const name = entry.replace('./', 'tarantool-fixture/')
  expect(await run(`console.log(typeof require('${name}'))`, 'commonjs')).toBe('object')
})

test('what is no entry stays inside', async () => {
  expect(await run("require('tarantool-fixture/dist/index.js')", 'commonjs')).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED')
})

test('the command runs', async () => {
  const { stdout } = await execa(join(project, 'node_modules', '.bin', 'tarantool-fixture'), ['--help'])
  expect(stdout).toContain('Usage: tarantool-fixture')
})
