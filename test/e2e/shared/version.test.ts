import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { outcomes } from '../support/report.ts'
import { jests, vitests } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const has = 'const isServer = version => version.isAtLeast(1, 10) && !version.isAtLeast(99)'

/** A file that asks at its top level, for `test.runIf` and the like. */
const asks = (name: string, use = ''): string => `
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool(${use})
${has}
const early = tarantool.version
const older = early.isAtLeast(99) ? test : test.skip
older('${name} of a later version', () => {})
test('${name} of a version that is known early', async () => {
  expect(isServer(early)).toBe(true)
  expect(early).toBe(tarantool.version)
  const [version] = await tarantool.eval('return box.info.version')
  expect(early.text).toBe(version)
  expect(early).toEqual(version)
  expect([{ version: early }]).toStrictEqual([{ version }])
  expect(\`on \${early}\`).toBe('on ' + version)
  expect(early.startsWith(version.slice(0, 3))).toBe(true)
  expect(JSON.parse(JSON.stringify({ early }))).toEqual({ early: version })
  expect(await tarantool.eval('return ...', early)).toEqual([version])
  expect(typeof early.major).toBe('number')
  expect(() => early.isAtLeast('2.11')).toThrow('isAtLeast("2.11", 0, 0)')
})`

// The version of such a server is its own, and nobody has asked it yet.
const own = `
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool({ config: { commandToRun: process.env.TARANTOOL_BIN } })
let early
try {
  early = tarantool.version
} catch (error) {
  early = error
}
test('a server with a program of its own tells it from the first hook on', () => {
  expect(early.message).toMatch(/is not leased yet/)
  expect(tarantool.version.isAtLeast(1, 10)).toBe(true)
})`

const files = {
  'a.test.ts': asks('default'),
  'b.test.ts': asks('queue', "'queue'"),
  'c.test.ts': asks('own', '{ config: {} }'),
  'd.test.ts': own,
}

const cases: Record<string, string> = {
  "lease: 'file'": '{ servers: { default: {}, queue: {} } }',
  "lease: 'on-use'": "{ servers: { default: {}, queue: {} }, lease: 'on-use' }",
}

describe.each([...vitests, ...jests])('the version of a handle under $name', runner => {
  test.each(Object.entries(cases))('with %s', async (_case, config) => {
    const { project, output } = await runUnder(runner, { ...setUpWith(config), ...files })
    const found = outcomes(project)
    expect(Object.values(found).sort(), output).toEqual([
      ...Array<string>(4).fill('passed'),
      ...Array<string>(3).fill(expect.stringMatching(/skipped|pending/) as unknown as string),
    ])
  })

  test('that cannot be found is told to the file that asks for it', async () => {
    const { output } = await runUnder(
      runner,
      { ...setUpWith("{ lease: 'on-use' }"), 'a.test.ts': asks('default') },
      { env: { TARANTOOL_BIN: '/no/such/tarantool' } },
    )
    expect(output).toContain('TARANTOOL_BIN is "/no/such/tarantool", but /no/such/tarantool does not exist')
  })
})
