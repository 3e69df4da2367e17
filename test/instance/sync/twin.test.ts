import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  ByteString,
  Datetime,
  Decimal,
  type InstanceOptions,
  Interval,
  TarantoolFixtureError,
  Uuid,
} from '../../../src/index.ts'
import { type OwnMembers, type Twin, twinOf, type Ways } from '../../../src/instance/sync/twin.ts'
import { type Feature, skipWithout } from '../../support/features.ts'
import { newInstance, startInstance } from '../../support/instances.ts'
import { newSync, thrownBy } from './support.ts'

describe('the table of a twin', () => {
  interface Original {
    readonly port: number
    name: string
    logger: ((line: string) => void) | undefined
    ask(question: string, options?: object): Promise<number>
    find(): string[]
  }
  const ways = { port: 'property', name: 'property', logger: 'own', ask: 'limited', find: 'method' } as const
  const { ask: _, ...withoutAsk } = ways

  test('makes the members block', () => {
    const Made: Twin<Original, typeof ways> = twinOf(ways)
    expectTypeOf<InstanceType<typeof Made>>().toEqualTypeOf<{
      readonly port: number
      name: string
      ask: (question: string, options?: object) => number
      find: () => string[]
    }>()
    expectTypeOf<OwnMembers<Original, typeof ways>>().toEqualTypeOf<{ logger: unknown }>()
    expect(Object.getOwnPropertyNames(Made.prototype).sort()).toEqual(['ask', 'constructor', 'find', 'name', 'port'])
  })

  test('has an entry for each member of the original, and no other', () => {
    expectTypeOf<typeof ways>().toExtend<Ways<Original>>()
    // @ts-expect-error There is no entry for 'ask'.
    twinOf<Original, typeof withoutAsk>(withoutAsk)
    // @ts-expect-error The original has no 'tell'.
    twinOf<Original, typeof ways & { tell: 'method' }>({ ...ways, tell: 'method' })
    // @ts-expect-error The thread cannot call a number.
    twinOf<Original, Omit<typeof ways, 'port'> & { port: 'method' }>({ ...ways, port: 'method' })
  })

  test('names the members that the class adds', () => {
    class WithoutLogger {}
    // @ts-expect-error There is no 'logger'.
    new WithoutLogger() satisfies OwnMembers<Original, typeof ways>
  })
})

describe('values', () => {
  const answers = `function echo(...) return ... end`

  test.for<{ what: string; lua: string; args?: unknown[]; needs?: Feature }>([
    { what: 'none', lua: 'return' },
    { what: 'nil and booleans', lua: 'return nil, true, false, box.NULL' },
    { what: 'integers beyond 2^53', lua: 'return 18446744073709551615ULL, -9223372036854775807LL, 1' },
    { what: 'floats', lua: 'return 0/0, 1/0, -1/0, 1.5' },
    { what: 'a decimal', lua: "return require('decimal').new('123456789012345678901234567890.10')", needs: 'decimals' },
    { what: 'a uuid', lua: "return require('uuid').fromstr('6ba7b810-9dad-11d1-80b4-00c04fd430c8')", needs: 'uuids' },
    { what: 'a string that is not UTF-8', lua: "return '\\255\\254', { '\\255' }" },
    {
      what: 'nested',
      lua: "return { a = { 1, { b = require('decimal').new('1.10') } } }, {}, { [1] = 1, [3] = 3 }",
      needs: 'decimals',
    },
    {
      what: 'a key that means something elsewhere',
      lua: "return { ['\\0class'] = 'Map', ['__proto__'] = 1, toString = 2 }",
    },
    {
      what: 'arguments there and back',
      needs: 'uuids',
      lua: 'return echo(...)',
      args: [
        new Decimal('-0.10'),
        new Uuid('6ba7b810-9dad-11d1-80b4-00c04fd430c8'),
        2n ** 63n,
        ByteString.of(0xff, 0xfe),
        { list: [undefined, null, 'ä', ''], deep: { decimal: new Decimal('1') } },
        -0,
        'a'.repeat(100_000),
      ],
    },
    {
      what: 'a map',
      lua: 'return echo(...)',
      args: [new Map<unknown, unknown>([['one', new Decimal('1.0')]])],
      needs: 'decimals',
    },
  ])('$what are the same, and of the same classes', async ({ lua, args = [], needs }, context) => {
    if (needs) skipWithout(needs, context)
    const twin = await startInstance({ appLua: answers })
    const sync = newSync({ appLua: answers }).start()
    const expected = await twin.eval(lua, ...args)
    expect(sync.eval(lua, ...args)).toStrictEqual(expected)
  })

  test('datetimes and intervals are values of the same class', () => {
    // 2.6.0 has neither: what goes to the other thread and comes back in an error is enough.
    const sync = newSync().start()
    const values = [new Datetime({ seconds: 1, nanoseconds: 5, tzoffset: 60, tzindex: 0 }), new Interval({ day: 1 })]
    for (const value of values) {
      try {
        expect(sync.eval('return ...', value)).toStrictEqual([value])
      } catch (error) {
        expect(error).toBeInstanceOf(TarantoolFixtureError)
      }
    }
  })

  test('of the console, too', async context => {
    skipWithout('decimals', context)
    const lua = "return { a = { 1, 'x' }, big = 18446744073709551615ULL }, nil, require('decimal').new('1.5')"
    const twin = await startInstance()
    expect(newSync().start().command(lua)).toStrictEqual(await twin.command(lua))
  })
})

describe('errors', () => {
  // Each has a port and a directory of its own.
  const alike = (text: unknown): string =>
    String(text).replaceAll(/Tarantool\[[^\]]*\]|tnt\[[^\]]*\]|\/\S*tnt-\w+|\d+\.\d+\.\d+\.\d+:\d+/g, '…')

  const outcome = (error: unknown): object => {
    const {
      name,
      constructor: made,
      cause,
      summary,
      logTail,
      instance,
      luaStack,
      ...fields
    } = error as TarantoolFixtureError & {
      luaStack?: string
    }
    return {
      ...fields,
      keys: Object.keys(error as object),
      names: [name, made.name, (cause as Error | undefined)?.constructor.name],
      texts: [summary, instance, luaStack, (error as Error).message.split('\n')[0]].map(alike),
      logs: [logTail?.length > 0, (error as Error).message.includes('Last log lines')],
    }
  }

  test.each<{ what: string; options?: InstanceOptions; lua?: string; args?: unknown[]; started?: boolean }>([
    { what: 'an unknown option', options: { porrt: 1 } as InstanceOptions },
    { what: 'an option of a type that cannot be cloned', options: { title: (() => 'x') as unknown as string } },
    { what: 'no options object at all', options: 7 as InstanceOptions },
    { what: 'options that are null', options: null as unknown as InstanceOptions },
    { what: 'a logger that is no function', options: { logger: 'x' as never } },
    { what: 'a file that is not there', options: { appLua: './not/there.lua' } },
    { what: 'Lua that fails', options: { appLua: "error('boom')" } },
    { what: 'an option that box.cfg refuses', options: { boxCfg: { memtx_memory: 'x' } } },
    { what: 'a server that exits', options: { appLua: 'os.exit(7)' } },
    { what: 'a start that takes too long', options: { appLua: "require('fiber').sleep(9)", timeout: 300 } },
    { what: 'an eval of Lua that fails', lua: "error('boom')" },
    { what: 'an error of the database', lua: 'box.space._space:insert{ 1 }' },
    { what: 'an eval of a server that was never started', lua: 'return 1', started: false },
    { what: 'a server that ends under a request', lua: 'os.exit(3)' },
    { what: 'an argument that is no value', lua: 'return ...', args: [() => {}] },
    { what: 'an argument that is no value either', lua: 'return ...', args: [Symbol('s')] },
  ])('$what: the same error, with the stack of the caller', async ({ options, lua, args = [], started = true }) => {
    const failure = await (async () => {
      const instance = newInstance(options)
      if (started) await instance.start()
      if (lua !== undefined) await instance.eval(lua, ...args)
    })().catch((error: unknown) => error)
    const thrown = thrownBy(() => {
      const instance = newSync(options)
      if (started) instance.start()
      if (lua !== undefined) instance.eval(lua, ...args)
    })
    expect(failure).toBeInstanceOf(Error)
    expect(outcome(thrown)).toEqual(outcome(failure))
    expect(thrown.stack).toMatch(/twin\.test\.ts/)
    expect(thrown.stack).not.toMatch(/sync[\\/]worker/)
  })
})
