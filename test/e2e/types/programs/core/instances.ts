import { expectTypeOf } from 'expect-type'
import {
  type Address,
  type Credentials,
  type InstanceOptions,
  type InstanceState,
  type ProcessExit,
  type SeedRows,
  type SyncLogFile,
  TarantoolAsyncInstance,
  TarantoolDockerInstance,
  TarantoolInstance,
  TarantoolProcess,
  TarantoolSyncInstance,
  type TarantoolSyncProcess,
  type TarantoolVersion,
  type Version,
} from 'tarantool-fixture'

const seed: SeedRows = { users: [{ id: 1, name: 'ann' }, [2, 'bob']] }
const options: InstanceOptions = {
  access: { uids: [1001] },
  appLua: './app.lua',
  boxCfg: { memtx_memory: 64 * 1024 ** 2, listen: ['127.0.0.1:0'], replication: undefined },
  credentials: 'random',
  docker: { image: 'tarantool/tarantool', args: ['--memory', '1g'] },
  keep: 'on-failure',
  logger: line => expectTypeOf(line).toEqualTypeOf<string>(),
  replicationSource: ['127.0.0.1:3301'],
  seed: [seed, './orders.ndjson'],
  walMode: 'write',
}

// @ts-expect-error There is no such option.
new TarantoolInstance({ walMod: 'none' })
// @ts-expect-error There is no such value.
new TarantoolInstance({ walMode: 'sometimes' })
// @ts-expect-error Milliseconds are a number.
new TarantoolInstance({ timeout: '5s' })
// @ts-expect-error Users are named by their ids.
new TarantoolInstance({ access: { uids: ['ann'] } })
// @ts-expect-error A password is missing.
new TarantoolInstance({ credentials: { user: 'ann' } })
// @ts-expect-error A function is no value of box.cfg.
new TarantoolInstance({ boxCfg: { memtx_memory: () => 1 } })
// @ts-expect-error Isolation is an option of fixtures.
new TarantoolInstance({ isolation: 'none' })
// @ts-expect-error There is no such option of a container.
new TarantoolDockerInstance({ docker: { network: 'shop' } })

export async function anInstance(): Promise<void> {
  const tarantool = new TarantoolInstance(options, '/project')
  expectTypeOf(TarantoolAsyncInstance).toEqualTypeOf<typeof TarantoolInstance>()
  expectTypeOf(TarantoolInstance.getRandomPort()).resolves.toEqualTypeOf<number>()
  expectTypeOf(await tarantool.start({ wait: false, recreate: true })).toEqualTypeOf<TarantoolInstance>()
  expectTypeOf(tarantool.state).toEqualTypeOf<InstanceState>()
  expectTypeOf(tarantool.port).toEqualTypeOf<number | string>()
  expectTypeOf(tarantool.host).toEqualTypeOf<string>()
  expectTypeOf(tarantool.uri).toEqualTypeOf<string>()
  expectTypeOf(tarantool.credentials).toEqualTypeOf<Credentials | undefined>()
  expectTypeOf(tarantool.address.binary).toEqualTypeOf<Address>()
  expectTypeOf(tarantool.pid).toEqualTypeOf<number | undefined>()
  expectTypeOf(tarantool.process).toEqualTypeOf<TarantoolProcess | undefined>()
  expectTypeOf(tarantool.version()).toEqualTypeOf<TarantoolVersion>()
  expectTypeOf(tarantool.version()).toExtend<Version>()
  expectTypeOf(tarantool.version().isAtLeast(2, 11)).toEqualTypeOf<boolean>()
  expectTypeOf(tarantool.binVersion()).resolves.toEqualTypeOf<TarantoolVersion>()
  expectTypeOf(tarantool.eval('return 1')).resolves.toEqualTypeOf<unknown[]>()
  expectTypeOf(tarantool.call<[number, string]>('two', 1)).resolves.toEqualTypeOf<[number, string]>()
  expectTypeOf(tarantool.command('box.info', { signal: AbortSignal.timeout(5) })).resolves.toEqualTypeOf<unknown[]>()
  expectTypeOf(tarantool.waitForLog(/ready/, { since: 0, timeout: 5 })).resolves.toEqualTypeOf<string>()
  expectTypeOf(tarantool.grepLog('ready')).resolves.toEqualTypeOf<string[]>()
  expectTypeOf(tarantool.log.lines({ since: tarantool.log.offset })).resolves.toEqualTypeOf<string[]>()
  expectTypeOf(tarantool.reset()).resolves.toEqualTypeOf<void>()
  expectTypeOf(tarantool.waitStopped()).resolves.toEqualTypeOf<ProcessExit | undefined>()
  expectTypeOf(tarantool.process?.signal).toEqualTypeOf<NodeJS.Signals | undefined>()
  tarantool.replicationSource = undefined
  // @ts-expect-error An address is not written to.
  tarantool.port = 3301
  // @ts-expect-error What a call returns is a list.
  await tarantool.call<number>('count')
  // @ts-expect-error There is no such signal.
  tarantool.process?.sendSignal('SIGNAL')
  // @ts-expect-error A server's process is made by its instance.
  new TarantoolProcess()
  await tarantool.stop({ cleanup: false })
}

export async function disposed(): Promise<void> {
  await using tarantool = await new TarantoolDockerInstance({ docker: { tag: '2.11' } }).start()
  expectTypeOf(tarantool).toEqualTypeOf<TarantoolDockerInstance>()
  expectTypeOf(tarantool).toExtend<TarantoolInstance>()
  using blocking = new TarantoolSyncInstance({ docker: {} }).start()
  expectTypeOf(blocking).toEqualTypeOf<TarantoolSyncInstance>()
}

export function blocking(): void {
  const tarantool = new TarantoolSyncInstance(options)
  expectTypeOf(TarantoolSyncInstance.getRandomPort()).toEqualTypeOf<number>()
  expectTypeOf(tarantool.start().eval<[number]>('return ...', 1)).toEqualTypeOf<[number]>()
  expectTypeOf(tarantool.call('count')).toEqualTypeOf<unknown[]>()
  expectTypeOf(tarantool.command('box.info', { timeout: 5 })).toEqualTypeOf<unknown[]>()
  expectTypeOf(tarantool.version()).toEqualTypeOf<TarantoolVersion>()
  expectTypeOf(tarantool.log).toEqualTypeOf<SyncLogFile>()
  expectTypeOf(tarantool.logs()).toEqualTypeOf<string[]>()
  expectTypeOf(tarantool.process).toEqualTypeOf<TarantoolSyncProcess | undefined>()
  expectTypeOf(tarantool.waitStopped({ timeout: 5 })).toEqualTypeOf<ProcessExit | undefined>()
  expectTypeOf(tarantool.stop()).toEqualTypeOf<void>()
  tarantool.requestTimeout = 5
  tarantool.replicationSource = undefined
  // @ts-expect-error An address is not written to.
  tarantool.port = 3301
  // @ts-expect-error A spare belongs to the broker.
  tarantool.takeOver()
  expectTypeOf(new Application().start().ready()).toEqualTypeOf<Application>()
}

class Application extends TarantoolSyncInstance {
  override stop(): void {
    super.stop({ cleanup: false })
  }
}
