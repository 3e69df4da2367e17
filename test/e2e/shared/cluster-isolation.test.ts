import { describe, expect, test } from 'vitest'
import { appOfMembers, filesOfThree } from '../../support/clusters.ts'
import { has } from '../../support/features.ts'
import { runUnder } from '../support/as-jest.ts'
import { outcomes } from '../support/report.ts'
import { oneOfEach } from '../support/runners.ts'

const modes = ['reset', 'file', 'none', 'process', 'restart'] as const

type Mode = (typeof modes)[number]

/** A test finds the rows, and the global of a follower, of an earlier test. */
const staysBetweenTests = (mode: Mode): boolean => mode === 'file' || mode === 'none'
const staysBetweenFiles = (mode: Mode): boolean => mode === 'none'
const hasOwnProcesses = (mode: Mode): boolean => mode === 'process' || mode === 'restart'

const head = (mode: Mode): string => `
import { appendFileSync, readFileSync } from 'node:fs'
import { useTarantool } from 'tarantool-fixture/vitest'
import { describe, expect, test } from 'vitest'
const cluster = useTarantool('${mode}')
const known = './pids.${mode}'
const pidsOf = () => cluster.instances.map(({ pid }) => pid)
const leader = async () => await cluster.leader(cluster.replicasets.s ? 's' : undefined)
const follower = async () => {
  const { name } = await leader()
  return cluster.instance(Object.values(cluster.replicasets).find(names => names.includes(name)).find(other => other !== name))
}
const portsOf = () => cluster.instances.map(({ port }) => port)
async function write(id) {
  await (await leader()).call('add_user', id, 'ann')
  await cluster.waitForVclock(await leader())
  await (await follower()).eval('left = true')
  appendFileSync(known, pidsOf().join(' ') + ' ')
}
async function find({ rows, global }) {
  for (const instance of [await leader(), await follower()]) {
    expect(await instance.eval('return box.space.users:len()')).toEqual([rows])
  }
  expect(await (await follower()).eval("return rawget(_G, 'left') or false")).toEqual([global])
}
const knownPids = () => readFileSync(known, 'utf8').split(' ').map(Number)
const expectProcesses = isNew => expect(pidsOf().filter(pid => knownPids().includes(pid))).toHaveLength(isNew ? 0 : cluster.instances.length)
`

// Earlier tests with isolation 'file' would lose their changes with the processes.
const inOwnProcesses = (mode: Mode): string => `
describe.each(['process', 'restart'])('a suite with %s', isolation => {
  useTarantool('${mode}', { isolation })
  test('${mode}: writes in a suite with ' + isolation, async () => {
    await find({ rows: 0, global: false })
    await write(4)
  })
  test('${mode}: between tests of a suite with ' + isolation, async () => {
    expect(portsOf()).toEqual(ports)
    await find({ rows: 0, global: false })
    expectProcesses(true)
  })
})`

const first = (mode: Mode): string => {
  const stays = staysBetweenTests(mode)
  return `${head(mode)}
let ports
test('${mode}: writes', async () => {
  ports = portsOf()
  await find({ rows: 0, global: false })
  await write(1)
})
test('${mode}: between tests', async () => {
  expect(portsOf()).toEqual(ports)
  await find({ rows: ${stays ? 1 : 0}, global: ${stays} })
  expectProcesses(${hasOwnProcesses(mode)})
  await write(2)
})
describe('a suite with reset', () => {
  useTarantool('${mode}', { isolation: 'reset' })
  test('${mode}: writes in a suite with reset', async () => write(3))
  test('${mode}: between tests of a suite with reset', async () => {
    await find({ rows: ${stays ? 2 : 0}, global: ${stays} })
    expectProcesses(false)
  })
})
${mode === 'file' ? '' : inOwnProcesses(mode)}
test('${mode}: writes at the end', async () => write(5))`
}

const second = (mode: Mode): string => {
  const stays = staysBetweenFiles(mode)
  return `${head(mode)}
test('${mode}: between files', async () => {
  await find({ rows: ${stays ? 1 : 0}, global: ${stays} })
  expectProcesses(${hasOwnProcesses(mode)})
})`
}

const hides = (lua: string): string => `local own = box.space.own own:run_triggers(false) ${lua} own:run_triggers(true)`

const strict = `${head('reset')}
useTarantool('reset', { strict: true })
const own = async () => await (await follower()).eval('return box.space.own:select()')
test('strict: changes rows, and a global of a follower', async () => write(1))
test('strict: hides a row of a follower', async () => {
  await (await follower()).eval("${hides('own:insert({ 7 })')}")
  await (await leader()).call('add_user', 1, 'ann')
})
test('strict: finds another cluster', async () => {
  expectProcesses(true)
  expect(await own()).toEqual([[]])
  await find({ rows: 0, global: false })
})`

const own = `
if not box.info.ro then
    box.schema.space.create('own', { if_not_exists = true, is_local = true }):create_index('id', { if_not_exists = true })
end
`

const setUp = (server: string): Record<string, string> => ({
  'vitest.config.ts': `export default { test: { globalSetup: './tarantool.ts', maxWorkers: 1, minWorkers: 1,
    sequence: { sequencer: (await import('./by-name.ts')).default } } }`,
  'by-name.ts': `
    import { BaseSequencer } from 'vitest/node'
    export default class extends BaseSequencer {
      async sort(files) { return files.sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1)) }
    }`,
  'tarantool.ts': `
    import { defineTarantool } from 'tarantool-fixture/vitest/setup'
    const server = { ${server} }
    const servers = Object.fromEntries(${JSON.stringify(modes)}.map(isolation => [isolation, { ...server, isolation }]))
    export default defineTarantool({ maxServers: 1, lease: 'on-use', servers })`,
})

const storageLua = `${filesOfThree['storage.lua']}
box.watch('box.status', function()${own}end)`

const ofConfig = Object.entries({ ...filesOfThree, 'storage.lua': storageLua })

const kinds: readonly (readonly [kind: string, isThere: boolean, files: Record<string, string>])[] = [
  ['a replica set', true, { ...setUp("replicas: 2, appLua: './app.lua'"), 'app.lua': `${appOfMembers}${own}` }],
  [
    'a cluster of a config (needs Tarantool 3)',
    has('a config file'),
    {
      ...setUp(
        "app: './my-app', connect: 'r-001', ready: `return not add_user or box.space.own ~= nil and box.space.own.index[0] ~= nil`",
      ),
      ...Object.fromEntries(ofConfig.map(([name, text]) => [`my-app/${name}`, text])),
    },
  ],
]

describe.each(oneOfEach)('$name', runner => {
  test.for(kinds)('between tests and files of %s', async ([, isThere, files], context) => {
    context.skip(!isThere, 'this Tarantool has no config file')
    const tests = modes.flatMap(mode => [
      [`${mode}-a.test.ts`, first(mode)],
      [`${mode}-b.test.ts`, second(mode)],
    ])
    const { output, project } = await runUnder(runner, {
      ...files,
      ...Object.fromEntries(tests),
      'strict.test.ts': strict,
    })
    const { 'strict: hides a row of a follower': difference, ...others } = outcomes(project)
    expect(difference, output).toMatch(
      /LeftoverError: .*: this test changed space 'own' of '(default|s)-002|reset-2' in a way/,
    )
    expect(difference).not.toMatch('When the test had ended')
    expect(Object.keys(others).length, output).toBe(modes.length * 10 - 4 + 2)
    expect(Object.entries(others).filter(([, outcome]) => outcome !== 'passed')).toEqual([])
    expect(project.leftBehind()).toEqual([])
  })
})
