import { describe, expect, test } from 'vitest'
import {
  ByteString,
  Datetime,
  Decimal,
  type InstanceOptions,
  Interval,
  TarantoolFixtureError,
  TarantoolInstance,
  TarantoolProcess,
  TarantoolSyncInstance,
  TarantoolSyncProcess,
  Uuid,
} from '../../../src/index.ts'
import { SyncLogFile } from '../../../src/instance/sync/log.ts'
import { LogFile } from '../../../src/log/log-file.ts'
import { type Feature, skipWithout } from '../../support/features.ts'
import { newInstance, startInstance } from '../../support/instances.ts'
import { newSync, thrownBy } from './support.ts'

describe('each method and getter has its blocking twin', () => {
  test.each([
    // Only the broker gives an address to another server, and the broker is asynchronous.
    {
      of: TarantoolInstance,
      twin: TarantoolSyncInstance,
      without: ['standBy', 'takeOver', 'stepAside', 'stepBack'],
    },
    // What only its starter or its instance needs.
    {
      of: TarantoolProcess,
      twin: TarantoolSyncProcess,
      without: ['hold', 'reportStream', 'serverPid', 'endLifeline', 'killClient', 'unpublish', 'publish'],
    },
    { of: LogFile, twin: SyncLogFile, without: [] as string[] },
  ])('$of.name', ({ of, twin, without }) => {
    const names = (Class: { prototype: object }): string[] => Object.getOwnPropertyNames(Class.prototype)
    const there = new Set<string>([...names(twin), 'log', 'path', 'pid', ...without])
    expect(names(of).filter(name => !there.has(name))).toEqual([])
    expect(Object.hasOwn(twin.prototype, Symbol.dispose)).toBe(Object.hasOwn(of.prototype, Symbol.asyncDispose))
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
