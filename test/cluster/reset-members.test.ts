import { beforeEach, describe, expect, test } from 'vitest'
import { RequestTimeoutError, type TarantoolReplicaSet } from '../../src/index.ts'
import { skipWithout } from '../support/features.ts'
import { useOwnCache } from '../support/instances.ts'
import { onEach, stateOfMember as state, threeFromTemplate, threeMembers } from '../support/members.ts'

useOwnCache()

/** Tells the members whose processes are others than when it was made. */
function newcomersOf(set: TarantoolReplicaSet): () => string[] {
  const pids = new Map(set.names.map(name => [name, set.instance(name).pid]))
  return () => set.names.filter(name => set.instance(name).pid !== pids.get(name))
}

const kill = (...names: string[]): ((set: TarantoolReplicaSet) => Promise<void>) => {
  return async set => {
    await Promise.all(names.map(name => set.instance(name).kill({ cleanup: false })))
  }
}

async function restart(set: TarantoolReplicaSet): Promise<void> {
  await set.instance('replica-2').restart()
  await set.instance('replica-2').eval("box.space.own:insert({ 9 }) rawset(_G, 'new_global', 9)")
}

// Tarantool cannot take this option back.
async function grow(set: TarantoolReplicaSet): Promise<void> {
  await set.instance('replica-2').eval('box.cfg({ memtx_memory = box.cfg.memtx_memory * 2 })')
}

async function hang(set: TarantoolReplicaSet): Promise<void> {
  const asked = set.instance('replica-3').command('while true do end', { timeout: 100 })
  await expect(asked).rejects.toThrow(RequestTimeoutError)
}

// The trigger holds up the rows that arrive.
async function holdUp(set: TarantoolReplicaSet): Promise<void> {
  await set.instance('replica-3').command("box.space.quiet:on_replace(function() require('fiber').sleep(3600) end)")
  await set.instance('replica-1').eval('box.space.quiet:insert({ 7 })')
}

describe.each<[string, (set: TarantoolReplicaSet) => Promise<void>, string[]]>([
  ['a killed replica', kill('replica-2'), ['replica-2']],
  ['a stopped replica', set => set.instance('replica-3').stop({ cleanup: false }), ['replica-3']],
  ['a killed leader', kill('replica-1'), ['replica-1']],
  ['a restarted replica', restart, ['replica-2']],
  ['two killed members', kill('replica-1', 'replica-2'), ['replica-1', 'replica-2']],
  ['a change that one replica cannot undo', grow, ['replica-2']],
  ['a replica that no longer answers', hang, ['replica-3']],
  ['a replica that does not get the rows of the others', holdUp, ['replica-3']],
  ['a whole set that was killed', kill('replica-1', 'replica-2', 'replica-3'), ['replica-1', 'replica-2', 'replica-3']],
])('a reset after %s', (_, disturb, replaced) => {
  test('gives new processes to these members only', async () => {
    const set = await threeFromTemplate({ timeout: 8000 })
    const before = await onEach(set, state)
    const ports = set.instances.map(({ port }) => port)
    const newcomers = newcomersOf(set)
    await (await set.leader()).eval('for i = 1, 10 do box.space.users:insert({ i }) end box.space.users:delete(100)')
    // A member without these rows has less to undo, and may not need a new process.
    await set.waitForVclock()
    await disturb(set)
    expect((await set.ask('enter', 0)).lost).toBeUndefined()
    expect(await onEach(set, state)).toEqual(before)
    expect(newcomers()).toEqual(replaced)
    expect(set.instances.map(({ port }) => port)).toEqual(ports)
    // The new processes record, too.
    await (await set.leader()).eval('box.space.users:insert({ 1 })')
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
    expect(await onEach(set, state)).toEqual(before)
  })
})

// A replica set cannot begin with less data than it had before Tarantool 2.10.6: the others crash when they remove old files.
test('a member that gets a new process leaves the others alive when they remove old files', async () => {
  const set = await threeFromTemplate()
  const closeFiles = async (): Promise<void> => {
    await (await set.leader()).eval('box.space.quiet:insert({ 1 }) box.space.quiet:delete(1)')
    await set.waitForVclock()
    await Promise.all(set.instances.map(async instance => await instance.eval('box.snapshot()')))
  }
  for (let round = 0; round < 3; round++) {
    await closeFiles()
    await closeFiles()
    const newcomers = newcomersOf(set)
    await kill('replica-2')(set)
    expect((await set.ask('enter', 0)).lost).toBeUndefined()
    expect(newcomers()).toEqual(['replica-2'])
    await closeFiles()
  }
})

const hooks = `box.space.quiet:insert({ 1, 'of the hooks' }) box.space.quiet:insert({ 2 })
box.schema.space.create('extra'):create_index('id') box.space.extra:insert({ 1 }) box.sequence.numbering:next()`

const testOfSuite = `box.space.quiet:insert({ 3 }) box.space.quiet:delete(1) box.space.extra:drop() box.sequence.numbering:next()`

describe.each<[string, (set: TarantoolReplicaSet) => Promise<void>, string[]]>([
  ['a killed replica', kill('replica-2'), ['replica-2']],
  ['a killed leader', kill('replica-1'), ['replica-1']],
  ['a restarted replica', restart, ['replica-2']],
  ['two killed members', kill('replica-1', 'replica-3'), ['replica-1', 'replica-3']],
])('a reset after %s, when hooks have changed data', (_, disturb, replaced) => {
  test('keeps the changes of the hooks until the suite ends', async () => {
    const set = await threeFromTemplate()
    const baseline = await onEach(set, state)
    await (await set.leader()).eval(hooks)
    const { kept } = await set.ask('enter', 1)
    expect(kept).toEqual([true])
    const before = await onEach(set, state)
    expect(before).not.toEqual(baseline)
    for (let round = 0; round < 2; round++) {
      const newcomers = newcomersOf(set)
      await (await set.leader()).eval(testOfSuite)
      await disturb(set)
      expect(await set.ask('enter', 1)).toMatchObject({ kept: [true] })
      expect(await onEach(set, state)).toEqual(before)
      expect(newcomers()).toEqual(replaced)
    }
    await (await set.leader()).eval(testOfSuite)
    const newcomers = newcomersOf(set)
    expect(await set.ask('enter', 1)).toMatchObject({ kept: [true] })
    expect(await onEach(set, state)).toEqual(before)
    expect(newcomers()).toEqual([])
    // Their applications ran with the data of the hooks.
    expect((await set.ask('rewind', 0)).lost).toBeUndefined()
    expect(await onEach(set, state)).toEqual(baseline)
    expect(newcomers()).toEqual(replaced)
  })
})

test.each([
  ['a global', "rawset(_G, 'new_global', 1)"],
  ['a method', 'box.space.users.get = function() end'],
])('a member with changes of hooks that no other has needs a new set: %s', async (_, change) => {
  const set = await threeFromTemplate()
  await set.instance('replica-2').eval(change)
  expect((await set.ask('enter', 1)).kept).toEqual([true])
  await kill('replica-3')(set)
  expect((await set.ask('enter', 1)).lost).toBeUndefined()
  // The first one could be replaced alone.
  await kill('replica-1', 'replica-2')(set)
  const lost =
    "instance 'replica-2' was stopped, killed or restarted, and hooks or tests before had changed state of its own"
  expect(await set.ask('enter', 1)).toEqual({ lost })
})

const valueOfSequence = `
local id = box.sequence.numbering.id
return box.space._sequence_data:get(id)[2]`

test('a sequence that only one member has advanced has the same value on all, before the test and after it', async () => {
  const set = await threeFromTemplate()
  const leader = await set.leader()
  await leader.eval('box.sequence.numbering:next()')
  await set.waitForVclock()
  // A rolled-back transaction takes no value back.
  await leader.eval('box.begin() box.sequence.numbering:next() box.sequence.numbering:next() box.rollback()')
  await set.instance('replica-2').eval('pcall(box.sequence.numbering.next, box.sequence.numbering)')
  await set.ask('enter', 1)
  expect(await onEach(set, valueOfSequence)).toEqual([3, 3, 3])
  await kill('replica-1', 'replica-2')(set)
  expect((await set.ask('enter', 1)).lost).toBeUndefined()
  expect(await onEach(set, valueOfSequence)).toEqual([3, 3, 3])
})

test('members that were replaced one after another are replaced together when the suite ends', async () => {
  const set = await threeFromTemplate()
  const baseline = await onEach(set, state)
  await (await set.leader()).eval(hooks)
  await set.ask('enter', 1)
  const before = await onEach(set, state)
  for (const name of set.names) {
    await kill(name)(set)
    expect(await set.ask('enter', 1)).toMatchObject({ kept: [true] })
    expect(await onEach(set, state)).toEqual(before)
  }
  expect((await set.ask('rewind', 0)).lost).toBeUndefined()
  expect(await onEach(set, state)).toEqual(baseline)
})

test('without a template, a follower is replaced alone, and the leader with the whole set', async () => {
  const set = await threeMembers({ seedTemplate: false })
  await set.waitForVclock()
  const before = await onEach(set, state)
  const newcomers = newcomersOf(set)
  await (await set.leader()).eval('box.space.users:insert({ 1 })')
  await kill('replica-2')(set)
  expect((await set.ask('enter', 0)).lost).toBeUndefined()
  expect(await onEach(set, state)).toEqual(before)
  expect(newcomers()).toEqual(['replica-2'])
  await kill('replica-1')(set)
  const lost =
    "instance 'replica-1' was stopped, killed or restarted, and there is no template of the seed to replace it"
  expect(await set.ask('enter', 0)).toEqual({ lost })
})

describe('a reset of a replica set that elects its leader', () => {
  beforeEach(context => skipWithout('elections', context))

  const options = { name: 'elected', failover: 'election', timeout: 20_000 } as const

  test('replaces the killed leader, which leads again', async () => {
    const set = await threeFromTemplate(options)
    const former = await set.leader()
    await former.eval(hooks)
    await set.ask('enter', 1)
    const before = await onEach(set, state)
    const newcomers = newcomersOf(set)
    await former.eval(testOfSuite)
    await former.kill({ cleanup: false })
    expect(await set.ask('enter', 1)).toMatchObject({ kept: [true] })
    expect(await onEach(set, state)).toEqual(before)
    expect(newcomers()).toEqual([former.name])
    expect(await set.leader()).toBe(former)
  })

  const quorum = 'return box.cfg.replication_synchro_quorum'

  test('keeps the last member that runs, which is too few to elect a leader', async () => {
    const set = await threeFromTemplate(options)
    const former = await set.leader()
    const before = [await onEach(set, state), await onEach(set, quorum)]
    for (const other of set.instances.filter(one => one !== former)) {
      const newcomers = newcomersOf(set)
      await former.eval('box.space.users:insert({ 1 })')
      // Its rows would not reach the others.
      await set.waitForVclock()
      await Promise.all([former, other].map(one => one.kill({ cleanup: false })))
      expect((await set.ask('enter', 0)).lost).toBeUndefined()
      expect([await onEach(set, state), await onEach(set, quorum)]).toEqual(before)
      expect(newcomers()).toEqual([former.name, other.name].sort())
      expect(await set.leader()).toBe(former)
    }
  })

  test.each([
    ['one that leads, and another one is killed', 1],
    ['as many as there were', 3],
  ])('keeps the others when a test has added %s', async (_, added) => {
    const set = await threeFromTemplate(options)
    const former = await set.leader()
    await former.eval(hooks)
    await set.ask('enter', 1)
    const before = [await onEach(set, state), await onEach(set, quorum)]
    const newcomers = newcomersOf(set)
    for (let count = 0; count < added; count++) {
      const newcomer = await set.addReplica()
      // An election may have another end.
      const promoted = async (): Promise<unknown> => {
        await newcomer.command('pcall(box.ctl.promote)')
        return await set.leader()
      }
      await expect.poll(promoted, { timeout: 10_000 }).toBe(newcomer)
    }
    const leader = await set.leader()
    await leader.eval(testOfSuite)
    await set.waitForVclock()
    if (added === 1) await set.instance('elected-2').kill({ cleanup: false })
    const reply = await set.ask('enter', 1)
    expect(reply).toMatchObject({ kept: [true] })
    expect([await onEach(set, state), await onEach(set, quorum)]).toEqual(before)
    expect(newcomers()).toEqual(added === 1 ? ['elected-2'] : [])
    expect(await set.leader()).toBe(former)
  })
})

test.each(['replica-1', 'replica-2'])('nothing waits for a member that ends during a reset: %s', async name => {
  const set = await threeFromTemplate({ timeout: 100_000 })
  const before = await onEach(set, state)
  await (await set.leader()).eval('box.space.users:insert({ 1 })')
  const renewed = set.instance('replica-3')
  await renewed.kill({ cleanup: false })
  const reset = set.reset()
  await expect.poll(() => renewed.state, { interval: 1 }).toBe('starting')
  set.instance(name).process?.sendSignal('SIGKILL')
  await reset
  expect(await onEach(set, state)).toEqual(before)
})

test('a reset after the end of all members names each of them', async () => {
  const set = await threeFromTemplate()
  await (await set.leader()).eval(hooks)
  await set.ask('enter', 1)
  await kill('replica-1', 'replica-2', 'replica-3')(set)
  const { lost } = await set.ask('enter', 1)
  for (const name of set.names) expect(lost).toContain(`instance '${name}' was stopped, killed or restarted`)
})
