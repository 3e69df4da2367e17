import { setTimeout as sleep } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import {
  type FaultRun,
  InvalidOptionError,
  NotRunningError,
  type TarantoolInstance,
  type TarantoolReplicaSet,
} from '../../src/index.ts'
import { checkFaults, type FaultsOptions, faultText, planFaults } from '../../src/link/planned-faults.ts'
import { appOfMembers, newReplicaSet } from '../support/clusters.ts'
import { newInstance, startInstance, useOwnCache } from '../support/instances.ts'
import { Client } from './client.ts'

useOwnCache()

const untilMade =
  (count: number) =>
  async (run: FaultRun): Promise<readonly string[]> => {
    while (run.made.length < count) await sleep(1)
    return run.made
  }

const targets = {
  instances: ['a', 'b'],
  links: [{ to: 'a' }, { from: 'a', to: 'b' }],
  noLinks: () => new InvalidOptionError('the cluster has no links'),
}

function textsOf(options: FaultsOptions, of: Parameters<typeof planFaults>[1] = targets): string[] {
  const faults = planFaults(checkFaults(options, of), of)
  return Array.from({ length: 60 }, () => faultText(faults.next().value))
}

describe('a sequence of faults', () => {
  test('is the same for one seed, and has all kinds and targets', () => {
    const texts = textsOf({ seed: 1 })
    expect(textsOf({ seed: 1 })).toEqual(texts)
    expect(textsOf({ seed: 2 })).not.toEqual(texts)
    expect(textsOf({})).not.toEqual(textsOf({}))
    for (const part of ['kill a', 'pause b', 'cut the link of a', 'cut a → b', 'delay a → b by']) {
      expect(texts.some(text => text.startsWith(part))).toBe(true)
    }
    expect(textsOf({ seed: 1, kinds: ['pause'], longest: 1 })).toEqual(
      expect.arrayContaining(['pause a for 1 ms', 'pause b for 1 ms']),
    )
    expect(new Set(textsOf({ seed: 1 }, { ...targets, links: [] }).map(text => text.split(' ')[0]))).toEqual(
      new Set(['kill', 'pause']),
    )
  })

  test('happens to a server while code runs, and leaves it running', async () => {
    const instance = await startInstance({ links: true, walMode: 'write' })
    await instance.eval("box.schema.space.create('users'):create_index('id') box.space.users:insert({ 1 })")
    const { pid } = instance
    const options = { seed: 5, longest: 20 }
    const made = await instance.faults(options, untilMade(12))
    expect(made.slice(0, 12)).toEqual(
      textsOf(options, { ...targets, instances: ['the server'], links: [undefined] }).slice(0, 12),
    )
    expect(made.join()).toMatch(/kill the server .*cut the link /)
    expect(instance.pid).not.toBe(pid)
    expect(await instance.eval('return box.space.users:count()')).toEqual([1])
    await (await Client.connect(instance.port)).ask('healed')
  })

  test('stands with its seed in the error of the code', async () => {
    const instance = await startInstance({ links: true })
    const failing = instance.faults({ seed: 3, kinds: ['cut'], longest: 10 }, async run => {
      await untilMade(2)(run)
      throw new Error('the client gave up')
    })
    await expect(failing).rejects.toThrow(
      /^the client gave up\n\nUnder faults\({ seed: 3 }\), which made these faults:\n {2}1\. cut the link for \d+ ms\n {2}2\. cut /,
    )
    await expect(failing).rejects.toHaveProperty('stack', expect.stringContaining('seed: 3'))
    await (await Client.connect(instance.port)).ask('healed')
    const random = instance.faults({}, () => Promise.reject(new Error('at once')))
    await expect(random).rejects.toThrow(/^at once\n\nUnder faults\({ seed: \d+ }\), which made no fault yet$/)
  })

  const frozen = Object.freeze(new Error('the client gave up'))

  test.each([
    ['a text', 'the client gave up', { cause: 'the client gave up' }],
    ['a frozen error', frozen, { cause: frozen }],
    ['an error without a setter', new DOMException('the client gave up', 'TimeoutError'), { name: 'TimeoutError' }],
    ['an error of another realm', runInNewContext("new Error('the client gave up')"), {}],
  ])('stands with its seed in the error if the code throws %s', async (_, thrown, expected) => {
    const instance = await startInstance({ links: true })
    const error: unknown = await instance.faults({ seed: 3 }, () => Promise.reject(thrown)).catch(reason => reason)
    expect(error).toMatchObject(expected)
    expect(error).toHaveProperty('message', 'the client gave up\n\nUnder faults({ seed: 3 }), which made no fault yet')
    if (!('cause' in expected)) expect(error).toBe(thrown)
  })

  test('shows its last faults only, if there are many', async () => {
    const instance = await startInstance({ links: true })
    const failed = instance.faults({ seed: 1, kinds: ['delay'], longest: 1 }, async run => {
      await untilMade(25)(run)
      throw new Error('the client gave up')
    })
    const error = (await failed.catch((reason: unknown) => reason)) as Error
    const [, , , hidden, first, ...others] = error.message.split('\n')
    const count = Number(/^ {2}\((\d+) before these\)$/.exec(hidden ?? '')?.[1])
    expect(count).toBeGreaterThanOrEqual(5)
    expect(first).toMatch(new RegExp(`^ {2}${count + 1}\\. delay the link by `))
    expect(others).toHaveLength(19)
  })

  test('happens to the members of a replica set, which replicate at its end', async () => {
    const set = await newReplicaSet({ replicas: 2, appLua: appOfMembers, links: true }).start()
    const made = await set.faults({ seed: 4, longest: 60, kinds: ['kill', 'cut'] }, untilMade(14))
    expect(made.join()).toMatch(/replica-\d → replica-\d/)
    expect(made.join()).toMatch(/kill replica-\d/)
    await set.waitForFullMesh()
    await set.instance('replica-1').call('add_user', 1, 'ann')
    await set.waitForVclock('replica-1')
    for (const { port } of set.instances) await (await Client.connect(port)).ask('healed')
  })

  test('leaves alone what the code itself has ended, and does not claim faults of it', async () => {
    const instance = await startInstance({ links: true })
    const kinds = ['kill', 'pause', 'cut'] as const
    let before = 0
    const failing = instance.faults({ seed: 2, kinds, longest: 5 }, async run => {
      await instance.kill({ cleanup: false })
      before = run.made.length
      await untilMade(before + 9)(run)
      expect(run.made.slice(before).filter(fault => !fault.startsWith('cut'))).toEqual([])
      throw new Error('the client gave up')
    })
    await expect(failing).rejects.toThrow(/\n {2}Not made: \d+ faults of the server, which did not run$/)
    expect(instance.isRunning).toBe(false)
  })

  test('leaves alone a member that the code itself has removed', async () => {
    const set = await newReplicaSet({ replicas: 3, name: 'm', appLua: appOfMembers }).start()
    await set.faults({ seed: 1, kinds: ['pause'], longest: 5 }, async run => {
      await set.remove('m-3')
      const before = run.made.length
      await expect.poll(() => run.made.length).toBeGreaterThan(before + 9)
      expect(run.made.slice(before).filter(fault => fault.startsWith('pause m-3'))).toEqual([])
    })
  })

  test('begins with servers that run', async () => {
    const started: string[] = []
    const code = (): void => void started.push('the code')
    const refused = async (server: TarantoolInstance | TarantoolReplicaSet, which: RegExp): Promise<void> => {
      const error: unknown = await server.faults({ seed: 1, longest: 40 }, code).catch(reason => reason)
      expect(error).toBeInstanceOf(NotRunningError)
      expect((error as NotRunningError).summary).toMatch(which)
    }
    const instance = newInstance({ links: true })
    await refused(instance, /^faults\(\): Tarantool\[.*\] does not run$/)
    await instance.start()
    await instance.stop({ cleanup: false })
    await refused(instance, /^faults\(\): Tarantool\[.*\] does not run$/)

    const set = await newReplicaSet({ replicas: 2, name: 'm', links: true, appLua: appOfMembers }).start()
    await set.instance('m-2').kill({ cleanup: false })
    await refused(set, /^faults\(\): Tarantool m-2\[.*\] does not run$/)
    await set.faults({ kinds: ['cut'] }, code)
    await set.stop()
    await refused(set, /^faults\(\): Tarantool m-1\[.*\], Tarantool m-2\[.*\] do not run$/)
    expect(started).toEqual(['the code'])
  })
})

describe('bad input', () => {
  const code = (): void => {}

  test.each<[FaultsOptions, RegExp]>([
    [{ seed: -1 }, /'seed' takes a whole number from 0 on, not -1 .*\n.*Leave it out for a random one/],
    [{ seed: 1.5 }, /not 1\.5/],
    [{ seed: '1' as never }, /whole number from 0 on, not '1'/],
    [{ kinds: [] }, /'kinds' takes a list of at least one kind of fault, not \[\].*\n.*kill, pause, cut, delay/],
    [{ kinds: 'kill' as never }, /'kinds' takes a list of at least one kind of fault, not 'kill'/],
    [{ kinds: ['kil' as never] }, /there is no kind 'kil'.*\n.*kill, pause, cut, delay/],
    [{ kinds: ['kill', undefined as never] }, /there is no kind undefined/],
    [
      { kinds: ['kill', 'cut'] },
      /'cut' is a fault of a link, and Tarantool\[.*\] has no links.*'links'.*\n.*TarantoolInstance\({ links: true }\)/,
    ],
    [
      { longest: 0 },
      /'longest' takes milliseconds above 0.* not 0 .*\nLeave it out for 200 ms\. Such as faults\({ longest: 400 }/,
    ],
    [{ longest: '20' as never }, /'longest' takes milliseconds above 0.* not '20'/],
    [{ longestDelay: Number.NaN }, /'longestDelay' takes milliseconds.* not NaN .*\nLeave it out for 50 ms/],
    [{ sed: 1 } as never, /faults\(\): unknown option 'sed'.*ERR_TARANTOOL_UNKNOWN_OPTION.*\n.*longestDelay, seed/],
  ])('%j is refused', async (options, message) => {
    const refused = expect(newInstance().faults(options, code)).rejects
    await refused.toThrow(/ERR_TARANTOOL_(INVALID|UNKNOWN)_OPTION/)
    await refused.toThrow(message)
  })

  test('faults without code, and of a set that has not started, are refused', async () => {
    await expect(newInstance().faults({ seed: 1 }, undefined as never)).rejects.toThrow('takes the code')
    for (const options of [undefined, null, 5, [], 'kill'] as never[]) {
      await expect(newInstance().faults(options, code)).rejects.toThrow(
        /takes options and the code.*\n.*Such as faults/,
      )
    }
    await expect(newReplicaSet({ replicas: 2 }).faults({}, code)).rejects.toThrow(NotRunningError)
  })

  test('a set without links is named', async () => {
    const set = await newReplicaSet({ replicas: 2, name: 'm', appLua: appOfMembers }).start()
    await expect(set.faults({ kinds: ['delay'] }, code)).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_INVALID_OPTION',
      summary:
        "faults(): 'delay' is a fault of a link, and the replica set 'm' has no links, because it was started without the option 'links'",
      hint: 'Give it the option: links: true.',
    })
  })
})
