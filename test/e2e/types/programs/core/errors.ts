import { expectTypeOf } from 'expect-type'
import {
  BoxCfgError,
  BoxError,
  type BoxErrorFrame,
  InitScriptError,
  LuaError,
  PortTakenError,
  SeedError,
  type ServerExitedError,
  ServerKilledError,
  StartTimeoutError,
  TarantoolFixtureError,
} from 'tarantool-fixture'

export function branch(error: unknown): void {
  if (error instanceof PortTakenError) expectTypeOf(error.address).toEqualTypeOf<string>()
  if (error instanceof BoxCfgError) expectTypeOf(error.option).toEqualTypeOf<string | undefined>()
  if (error instanceof InitScriptError) expectTypeOf(error.line).toEqualTypeOf<number | undefined>()
  if (error instanceof SeedError) expectTypeOf(error.space).toEqualTypeOf<string | undefined>()
  if (error instanceof ServerKilledError) expectTypeOf(error).toExtend<ServerExitedError>()
  if (error instanceof LuaError) expectTypeOf(error.frames).toEqualTypeOf<readonly BoxErrorFrame[]>()
  if (error instanceof BoxError) expectTypeOf(error.boxCode).toExtend<number | undefined>()
  if (error instanceof StartTimeoutError) expectTypeOf(error).toExtend<Error>()
  if (error instanceof TarantoolFixtureError) {
    expectTypeOf(error.code).toEqualTypeOf<string>()
    expectTypeOf(error.logTail).toEqualTypeOf<readonly string[]>()
    expectTypeOf(error.hint).toEqualTypeOf<string | undefined>()
    // @ts-expect-error A code does not change.
    error.code = 'ERR'
  }
}
