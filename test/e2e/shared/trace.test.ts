import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { outcomes } from '../support/report.ts'
import { oneOfEach } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const files = {
  ...setUpWith("{ appLua: './app.lua', keep: 'on-failure' }", 'maxWorkers: 1, fileParallelism: false'),
  'app.lua': `
    box.schema.space.create('users'):create_index('pk')
    box.schema.space.create('big'):create_index('pk')
    for i = 1, 10001 do box.space.big:insert({ i }) end`,
  'own.test.ts': `
    import { useTarantool } from 'tarantool-fixture/vitest'
    import { describe, expect, test } from 'vitest'
    const tarantool = useTarantool({ config: { seedLua: 'seeded = 1' } })
    test('has its own server', async () => expect(await tarantool.eval('return seeded')).toEqual([1]))
    describe('with spares', () => {
      useTarantool({ isolation: 'process' })
      test('one', () => tarantool.eval('one = 1'))
      test('two', () => tarantool.eval('two = 1'))
    })`,
  'users.test.ts': `
    import { useTarantool } from 'tarantool-fixture/vitest'
    import { describe, test } from 'vitest'
    const tarantool = useTarantool()
    describe('users', () => {
      test('adds one', () => tarantool.eval('box.space.users:insert({ 1 })'))
      test('empties many', () => tarantool.eval('box.space.big:truncate()'))
      test('is killed', () => tarantool.kill())
      test('goes on', () => tarantool.eval('return 1'))
    })`,
}

describe.each(oneOfEach)('$name', runner => {
  test('NODE_DEBUG prints the steps of the fixture, each with its time, its server and its test', async () => {
    const { output, project } = await runUnder(runner, files, { env: { NODE_DEBUG: 'tarantool-fixture' } })
    expect(Object.values(outcomes(project)).filter(outcome => outcome !== 'passed')).toEqual([])
    const steps = [...output.matchAll(/^TARANTOOL-FIXTURE \d+: \d+\.\d{3} s (.*)$/gm)].map(([, step = '']) =>
      step.replaceAll(/\.(?:ts|js)\b/g, ''),
    )
    for (const [name, step] of Object.entries({
      program: /^Tarantool \d\S+ from \S+: \S+$/,
      run: /^the run begins in \S+$/,
      process: /^\[default-1\] Tarantool\[\S+\]: (?:spawned|forked) as process \d+ after \d+ ms$/,
      ready: /^\[default-1\] Tarantool\[\S+\]: ready after \d+ ms$/,
      lease: /^\[default-1(?: users\.test)?\] leased by worker \d+ after \d+ ms$/,
      undo: /^\[default-1 users\.test\] reset in place: 1 undone in [\d.]+ ms$/,
      lost: /^\[default-1 users\.test\] cannot be reset in place: more than 10000/,
      kill: /^\[default-1 users\.test > users > is killed\] Tarantool\[\S+\]: stopped by SIGKILL in \d+ ms$/,
      seed: /^\[own-1-1(?: own\.test)?\] Tarantool\[\S+\]: is seeded with seedLua, and its snapshot becomes a template$/,
      spare: /^\[default-1.*\] spare Tarantool\[\S+\]: (?:(?:forked|spawned) as|not started after)/,
      aside: /^\[default-1 own\.test\] stood aside for another process in \d+ ms$/,
      back: /^\[default-1 own\.test\] the process that stood aside is back$/,
      removed: /^\[default-1\] Tarantool\[\S+\]: removed the directory \S+$/,
      end: /^the run has ended: .* after \d+ ms$/,
    })) {
      expect(
        steps.filter(line => step.test(line)),
        `${name}\n${steps.join('\n')}`,
      ).not.toEqual([])
    }
  })

  test('without NODE_DEBUG, no step is printed', async () => {
    const { output } = await runUnder(runner, { ...files, 'own.test.ts': '' }, { env: { NODE_DEBUG: 'other' } })
    expect(output).not.toContain('TARANTOOL-FIXTURE')
  })
})
