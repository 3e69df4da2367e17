import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { outcomes } from '../support/report.ts'
import { inTurn, jests, vitests } from '../support/runners.ts'
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

/** What a test does with a version as with any other text; the server of this run has another version each time. */
const uses = `
import { format, inspect } from 'node:util'
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool()
const version = tarantool.version
const { text } = version
const other = text + '1'
const start = text.slice(0, 3)

const cases = {
  'toEqual, from both sides': () => {
    expect(version).toEqual(text)
    expect(text).toEqual(version)
    expect([1, { version }]).toEqual([1, { version: text }])
    expect([1, { version: text }]).toEqual([1, { version }])
    expect(version).toEqual(tarantool.version)
  },
  'toStrictEqual, from both sides': () => {
    expect(version).toStrictEqual(text)
    expect(text).toStrictEqual(version)
    expect({ version }).toStrictEqual({ version: text })
    expect({ version: text }).toStrictEqual({ version })
  },
  'not equal to something else': () => {
    expect(version).not.toEqual(other)
    expect(other).not.toEqual(version)
    expect({ version }).not.toStrictEqual({ version: other })
    expect(version).not.toEqual(version.major)
    expect(version).not.toEqual({})
    expect(version).not.toEqual(null)
    expect(version).not.toEqual([...text])
  },
  'expect.stringMatching': () => {
    expect(version).toEqual(expect.stringMatching(/^[1-9]+[.]/))
    expect(version).not.toEqual(expect.stringMatching(/^x/))
    expect({ version }).toEqual({ version: expect.stringMatching(start) })
  },
  'expect.stringContaining': () => {
    expect(version).toEqual(expect.stringContaining(start))
    expect(version).toEqual(expect.not.stringContaining('x3.8'))
    expect(version).not.toEqual(expect.stringContaining('x3.8'))
  },
  'expect.any': () => {
    expect(version).toEqual(expect.any(String))
    expect({ version }).toEqual({ version: expect.any(String) })
    expect({ version }).toStrictEqual({ version: expect.any(String) })
    expect(version).not.toEqual(expect.any(Number))
  },
  'expect.anything': () => expect({ version }).toEqual({ version: expect.anything() }),
  'expect.objectContaining': () => {
    expect({ version, a: 1 }).toEqual(expect.objectContaining({ version: text }))
    expect({ version, a: 1 }).not.toEqual(expect.objectContaining({ version: other }))
  },
  'expect.arrayContaining': () => expect([version, 1]).toEqual(expect.arrayContaining([text])),
  toMatchObject: () => {
    expect({ version, a: 1 }).toMatchObject({ version: text })
    expect({ version, a: 1 }).toMatchObject({ version: expect.any(String) })
    expect({ version, a: 1 }).not.toMatchObject({ version: other })
    expect({ version }).toMatchObject({ version: { major: version.major } })
  },
  toContainEqual: () => expect([version]).toContainEqual(text),
  toHaveProperty: () => expect({ version }).toHaveProperty('version', text),
  toHaveLength: () => expect(version).toHaveLength(text.length),
  'toBe, with the text': () => expect(version.text).toBe(text),
  'toMatch, with the text': () => expect(version.text).toMatch(/^[1-9]/),
  'a failure': () => {
    expect(() => expect({ version }).toEqual({ version: 'x' })).toThrow(text)
    expect(() => expect(version).toEqual('x')).toThrow(/^(?!.*"0":).*$/s)
  },
  'console.log': () => {
    expect(format('on', version)).toBe('on ' + text)
    expect(inspect({ version })).toBe('{ version: ' + text + ' }')
  },
}
test.each(Object.keys(cases))('%s', name => cases[name]())
test('a snapshot', () => {
  expect({ version: version.constructor.of('1.2.3-0-gabc') }).toMatchInlineSnapshot(\`
    {
      "version": "1.2.3-0-gabc",
    }
  \`)
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
  test.each(inTurn(runner, Object.entries(cases)))('with %s', async (_case, config) => {
    const { project, output } = await runUnder(runner, { ...setUpWith(config), ...files })
    const found = outcomes(project)
    expect(Object.values(found).sort(), output).toEqual([
      ...Array<string>(4).fill('passed'),
      ...Array<string>(3).fill(expect.stringMatching(/skipped|pending/) as unknown as string),
    ])
  })

  test('goes where a text goes', async () => {
    const { project, output } = await runUnder(runner, { ...setUpWith(), 'a.test.ts': uses })
    const failures = Object.entries(outcomes(project)).filter(([, outcome]) => outcome !== 'passed')
    expect(failures, output).toEqual([])
    expect(output).toMatch(/Tests:? +18 passed/)
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
