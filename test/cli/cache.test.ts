import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execaNode } from 'execa'
import { expect, test } from 'vitest'
import { templatesRoot } from '../../src/seed/template-cache.ts'
import { contentOf, newInstance, useOwnCache } from '../support/instances.ts'

useOwnCache()

const cli = (...args: string[]) => execaNode('dist/cli/index.js', args, { reject: false })

test('cache lists the templates, and cache clear removes them', async () => {
  const root = templatesRoot() ?? ''
  expect((await cli('cache')).stdout).toBe(`${root}: 0 templates, 0 kB\n${dirname(root)}: 0 Tarantools, 0 kB`)
  const instance = await newInstance({
    appLua: `box.schema.space.create('users'):create_index('primary')`,
    seedLua: 'box.space.users:insert({ 1 })',
  }).start()
  await instance.stop()
  expect((await cli('cache')).stdout).toMatch(
    /: 1 template, \d+ kB\n +\d+ kB {2}[-\d]{10} \d\d:\d\d {2}not used yet {2}seedLua \(Tarantool \d+\..*\)\n/,
  )
  // What is not ours is none of its business.
  mkdirSync(join(root, 'other'))
  writeFileSync(join(root, 'other', 'file'), '')
  expect((await cli('cache', 'clear')).stdout).toBe(
    `${root}: removed 1 template\n${dirname(root)}: removed 0 Tarantools`,
  )
  expect(contentOf(root)).toEqual(['other'])
  expect(contentOf(join(root, 'other'))).toEqual(['file'])
})

test('a cache that others may write to is not looked into', async () => {
  const root = templatesRoot() ?? ''
  mkdirSync(root)
  chmodSync(root, 0o777)
  for (const args of [['cache'], ['cache', 'clear']]) {
    const { exitCode, stderr } = await cli(...args)
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`others may write to ${root}`)])
  }
})

test('a cache that is not there yet is empty', async () => {
  process.env.TARANTOOL_FIXTURE_CACHE = join(process.env.TARANTOOL_FIXTURE_CACHE ?? '', 'nowhere')
  expect((await cli('cache', 'clear')).stdout).toContain('removed 0 templates')
})

test('--help says what there is, and what does not exist is refused with it', async () => {
  const { stdout, exitCode } = await cli('--help')
  expect([stdout, exitCode]).toEqual([expect.stringMatching(/\n {2}cache +list or clear the cache\n/), 0])
  for (const [args, message] of [
    [[], 'Usage: tarantool-fixture [options] [command]'],
    [['cahe'], "unknown command 'cahe'\n(Did you mean cache?)\nRun tarantool-fixture --help"],
    [['cache', 'empty'], "too many arguments for 'cache'"],
    [['cache', '--force'], "unknown option '--force'"],
    [['ps', '--jsn'], "unknown option '--jsn'\n(Did you mean --json?)"],
  ] as const) {
    const wrong = await cli(...args)
    expect([wrong.stderr, wrong.exitCode]).toEqual([expect.stringContaining(message), 2])
  }
})

test('a fault of the command itself is no matter of its arguments', async () => {
  const nodeOptions = ['--import', `data:text/javascript,process.stdout.write=()=>{throw new TypeError('broken')}`]
  const { stderr, exitCode } = await execaNode('dist/cli/index.js', ['--help'], { reject: false, nodeOptions })
  expect([stderr, exitCode]).toEqual([expect.stringMatching(/TypeError: broken\n +at /), 1])
  expect(stderr).not.toContain('Usage:')
})
