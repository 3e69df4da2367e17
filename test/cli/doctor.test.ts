import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { linkPrograms } from '../binary/programs.ts'
import { temporaryDirectory, writeFiles } from '../support/instances.ts'

interface Finding {
  subject: string
  state: string
  says: string
  advice?: string
}

const program = resolve('dist/cli/index.js')

async function doctor(cwd: string, env: NodeJS.ProcessEnv = {}): Promise<{ findings: Finding[]; exitCode: unknown }> {
  const { stdout, exitCode } = await execa(process.execPath, [program, 'doctor', '--json'], { cwd, env, reject: false })
  return { findings: JSON.parse(stdout) as Finding[], exitCode }
}

const of = (findings: Finding[], subject: string): Finding | undefined =>
  findings.find(finding => finding.subject === subject)

test('doctor finds what a run needs, and starts a server', async () => {
  const project = writeFiles({ 'tarantool.config.json': '{ "servers": { "queue": {}, "cache": {} } }' })
  const { findings, exitCode } = await doctor(project)
  expect(exitCode).toBe(0)
  expect(of(findings, 'Config')).toMatchObject({ state: 'ok', says: expect.stringContaining('queue, cache') })
  expect(of(findings, 'Tarantool')?.says).toMatch(/^Tarantool \d+\.\d+\.\d+\S* from /)
  expect(of(findings, 'Start')?.says).toMatch(/^a server was ready after \d+ ms, and answered 2 to 1 \+ 1$/)
  expect(of(findings, 'Runner')).toMatchObject({
    state: 'note',
    says: expect.stringContaining('neither vitest nor jest'),
  })
  expect(findings.map(({ subject }) => subject)).toEqual(
    expect.arrayContaining(['System', 'Node', 'Cache', 'Directories', 'Containers', 'Leftovers', 'Variables']),
  )
})

test('doctor prints a table, and what to do', async () => {
  const { stdout, exitCode } = await execa(process.execPath, [program, 'doctor'], { cwd: temporaryDirectory() })
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^! Config {8}neither .*\n {16}→ Name it with --config/m)
  // Nothing but a terminal gets colors.
  expect(stdout).not.toContain('\u001b')
})

test.each([
  [{ TARANTOOL_BIN: '/nowhere/tarantool' }, 'Tarantool', '/nowhere/tarantool does not exist'],
  [{ TARANTOOL_BIN: '/bin/false' }, 'Tarantool', '/bin/false'],
])('doctor reports a problem, and exits with 1: %j', async (env, subject, says) => {
  const { findings, exitCode } = await doctor(temporaryDirectory(), env)
  expect(exitCode).toBe(1)
  expect(of(findings, subject)).toMatchObject({ state: 'problem', says: expect.stringContaining(says) })
  expect(of(findings, 'Start')).toBeUndefined()
})

test('a config with a mistake is a problem, and a Tarantool that can be downloaded is none', async () => {
  const project = writeFiles({ 'tarantool.config.json': '{ "appLua": "./no.lua" }' })
  const bin = temporaryDirectory()
  mkdirSync(bin, { recursive: true })
  linkPrograms(bin, ['sh'])
  const env = { PATH: bin, TARANTOOL_BIN: '', TARANTOOL_FIXTURE_CACHE: temporaryDirectory() }
  const { findings, exitCode } = await doctor(project, env)
  expect(exitCode).toBe(1)
  expect(of(findings, 'Config')).toMatchObject({ state: 'problem', says: expect.stringContaining('no.lua') })
  expect(of(findings, 'Tarantool')).toMatchObject({ state: 'note', advice: expect.stringContaining('install') })
})
