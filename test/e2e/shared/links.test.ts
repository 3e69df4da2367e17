import { describe, expect, test } from 'vitest'
import { appOfMembers, filesOfThree } from '../../support/clusters.ts'
import { has } from '../../support/features.ts'
import { runUnder } from '../support/as-jest.ts'
import { oneOfEach } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

const testFile = `
import { connect } from 'node:net'
import { LeaseError, useTarantool } from 'tarantool-fixture/vitest'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
const tarantool = useTarantool()
const tryToConnect = () => new Promise(resolve => {
  const socket = connect(Number(process.env.TARANTOOL_PORT), process.env.TARANTOOL_HOST)
  socket.once('data', data => {
    resolve(String(data).split(' ')[0])
    socket.destroy()
  })
  socket.once('error', error => resolve(error.code)).once('close', () => resolve('closed'))
})
const seen = () => tarantool.eval('seen = (seen or 0) + 1 return seen')
let late
test('does not wait for its fault', () => {
  late = tarantool.link.cut().then(() => undefined, error => error)
})
test('finds the link sound. A fault that comes after its test is refused', async () => {
  const error = await late
  if (error) expect(error).toMatchObject({ code: LeaseError.code, summary: 'the test that makes a fault is over' })
  expect(await tryToConnect()).toBe('Tarantool')
})
test('a link that is cut refuses clients, and not the handle', async () => {
  expect(await tryToConnect()).toBe('Tarantool')
  await tarantool.link.cut()
  expect(await tryToConnect()).toBe('ECONNREFUSED')
  expect(await seen()).toEqual([1])
})
test('the next test finds the link healed, and the data reset', async () => {
  expect(await tryToConnect()).toBe('Tarantool')
  expect(await seen()).toEqual([1])
})
test('a link of the handle hangs, resets and limits', async () => {
  await tarantool.link.hang()
  const waiting = tryToConnect()
  expect(await Promise.race([waiting, seen()])).toEqual([1])
  await tarantool.link.heal()
  expect(await waiting).toBe('Tarantool')
  const socket = connect(tarantool.port, tarantool.host)
  await new Promise(resolve => socket.once('data', resolve))
  const ended = new Promise(resolve => socket.once('error', error => resolve(error.code)).once('close', () => resolve('closed')))
  await tarantool.link.reset()
  expect(await ended).toBe('ECONNRESET')
  await tarantool.link.limit(1_000_000)
  expect(await tryToConnect()).toBe('Tarantool')
  await tarantool.link.hang()
})
test('the next test finds the link healed after each fault', async () => expect(await tryToConnect()).toBe('Tarantool'))
describe('a suite whose hook has cut the link', () => {
  beforeAll(() => tarantool.link.cut())
  test.each([1, 2])('finds the link cut: %i', async () => {
    expect(await tryToConnect()).toBe('ECONNREFUSED')
    await tarantool.link.heal()
    expect(await tryToConnect()).toBe('Tarantool')
  })
  test('also after a restart', async () => {
    await tarantool.restart()
    expect(await tryToConnect()).toBe('ECONNREFUSED')
  })
})
test('the fault of a suite ends with the suite', async () => {
  expect(await tryToConnect()).toBe('Tarantool')
  await expect(tarantool.link.delay(-1)).rejects.toThrow('not -1')
})
describe('processes of its own', () => {
  useTarantool({ isolation: 'process' })
  beforeEach(() => tarantool.link.delay(1))
  test.each([1, 2])('have the link: %i', async () => {
    expect(await tryToConnect()).toBe('Tarantool')
    await tarantool.link.cut()
    expect(await tryToConnect()).toBe('ECONNREFUSED')
    expect(await seen()).toEqual([1])
  })
})
test('leaves the link cut', () => tarantool.link.cut())`

const clusterFile = `
import { connect } from 'node:net'
import { InvalidOptionError, LeaseError, useTarantool } from 'tarantool-fixture/vitest'
import { beforeAll, describe, expect, test } from 'vitest'
const tarantool = useTarantool()
const [leader, replica] = ['s-001', 's-002'].map(name => tarantool.instance(name))
const reaches = async name => {
  const lua = "return require('net.box').connect(require('config'):instance_uri('peer', { instance = ... }).uri).state"
  return (await tarantool.instance('r-001').eval(lua, name))[0] === 'active'
}
const count = async () => (await replica.eval('return box.space.users:count()'))[0]
const upstream = async () => (await replica.eval(\`
  for _, other in pairs(box.info.replication) do if other.upstream then return other.upstream.status end end\`))[0]
const until = async (look, wanted) => { while ((await look()) !== wanted); }
test('a partition keeps writes from the other group', async () => {
  await tarantool.partition([leader], [replica, 'r-001'])
  expect([await reaches('s-001'), await reaches('s-002')]).toEqual([false, true])
  await leader.call('add_user', 1, 'ann')
  await until(upstream, 'disconnected')
  expect(await count()).toBe(0)
})
test('the next test finds the links healed, and the data of the application', async () => {
  expect([await reaches('s-001'), await upstream(), await count()]).toEqual([true, 'follow', 0])
  await tarantool.link('r-001', leader).cut()
  expect([await reaches('s-001'), await upstream()]).toEqual([false, 'follow'])
})
test('a test that wrote nothing leaves no fault', async () => {
  expect(await reaches('s-001')).toBe(true)
  await replica.link(replica, 's-001').cut()
  await until(upstream, 'disconnected')
  await tarantool.heal()
  await until(upstream, 'follow')
  await tarantool.link(replica, 's-001').cut()
  await until(upstream, 'disconnected')
})
test('replication works again', async () => expect(await upstream()).toBe('follow'))
describe('a suite whose hook has cut a link', () => {
  beforeAll(() => tarantool.link(tarantool, 's-001').cut())
  test.each([1, 2])('finds the link cut, also in a new cluster: %i', async () => {
    expect([await reaches('s-001'), await reaches('s-002')]).toEqual([false, true])
    await tarantool.heal()
    expect(await reaches('s-001')).toBe(true)
    await leader.call('add_user', 1, 'ann')
    await until(count, 1)
  })
})
test('the address of an instance has a link, too', async () => {
  const refused = ({ host, port }) => new Promise(resolve => {
    const socket = connect(port, host, () => { socket.destroy(); resolve(false) })
    socket.once('error', () => resolve(true))
  })
  expect(await reaches('s-001')).toBe(true)
  await replica.link.cut()
  expect(await Promise.all([tarantool, leader, replica].map(refused))).toEqual([false, false, true])
  await tarantool.link.cut()
  expect(await Promise.all([tarantool, leader, replica].map(refused))).toEqual([true, false, true])
  await tarantool.heal()
  expect(await Promise.all([tarantool, leader, replica].map(refused))).toEqual([false, false, false])
})
test('bad input', async () => {
  await expect(tarantool.link('r-001', 'nobody').cut()).rejects.toThrow("no link leads from 'r-001' to 'nobody'")
  await expect(tarantool.link('r-001', 'nobody').cut()).rejects.toThrow(InvalidOptionError)
  await expect(tarantool.link('s-001', 's-001').cut()).rejects.toThrow("from 's-001' to itself")
  await expect(tarantool.link('s-001', 's-002').delay(-1)).rejects.toThrow('not -1')
  await expect(tarantool.link('s-001', 's-002').cut(100)).rejects.toThrow('link.cut() takes no argument, and 100 was given')
  await expect(tarantool.partition(['r-001'], ['nobody'])).rejects.toThrow("no instance 'nobody'")
  await expect(tarantool.partition(['r-001'], [leader, tarantool])).rejects.toThrow("'r-001' is named twice")
})
test('leaves faults', () => tarantool.partition(['r-001'], ['s-001'], ['s-002']))`

const sequenceFile = (server: string): string => `
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool('${server}')
const pause = () => new Promise(resolve => setTimeout(resolve, 2))
const untilMade = count => async run => { while (run.made.length < count) await pause(); return run.made.slice(0, count) }
test('a sequence is the same for one seed, and leaves all as it was', async () => {
  const made = await tarantool.faults({ seed: 10, longest: 30 }, untilMade(6))
  expect(await tarantool.faults({ seed: 10, longest: 30 }, untilMade(6))).toEqual(made)
  expect(await tarantool.eval('return 1')).toEqual([1])
})
test('fails', async () => {
  await tarantool.faults({ seed: 11, longest: 30 }, async run => {
    await untilMade(2)(run)
    throw new Error('the client gave up')
  })
})
test('takes too long', async () => {
  await tarantool.faults({ seed: 12, longest: 5, kinds: ['cut'] }, () => new Promise(() => {}))
}, 500)
test('finds everything healed', async () => {
  expect(await tarantool.eval('return 1')).toEqual([1])
  await expect(tarantool.faults({ kinds: ['flood'] }, () => {})).rejects.toThrow("no kind 'flood'")
})`

const setFile = `
import { connect } from 'node:net'
import { useTarantool } from 'tarantool-fixture/vitest'
import { beforeAll, describe, expect, test } from 'vitest'
const tarantool = useTarantool()
const replica = tarantool.instance('default-2')
test.each([1, 2])('a partition keeps rows from the replica, until the end of the test: %i', async () => {
  await tarantool.waitForFullMesh({ timeout: 1 })
  await tarantool.partition([tarantool], [replica])
  await tarantool.call('add_user', 1, 'ann')
  await expect(tarantool.waitForVclock(tarantool, { timeout: 50 })).rejects.toThrow("'default-2': it has change")
  expect(await replica.call('count_users')).toEqual([0])
  await tarantool.heal()
  await tarantool.waitForVclock()
  expect(await replica.call('count_users')).toEqual([1])
  await tarantool.link(replica, tarantool).cut()
})
const greeting = ({ host, port }) => new Promise(resolve => {
  const socket = connect(port, host)
  socket.once('data', data => { resolve(String(data).split(' ')[0]); socket.destroy() })
  socket.once('error', error => resolve(error.code))
})
const expectSound = async () => {
  await tarantool.waitForFullMesh({ timeout: 1 })
  expect([await greeting(tarantool), await greeting(replica)]).toEqual(['Tarantool', 'Tarantool'])
  expect([await tarantool.call('count_users'), await replica.call('count_users')]).toEqual([[0], [0]])
}
test.each([['cut', undefined], ['hang', undefined], ['delay', 3_600_000], ['limit', 1], ['reset', undefined]])(
  'a fault of all links ends with its test: %s',
  async (name, value) => {
    await expectSound()
    for (const link of [tarantool.link(replica, tarantool), tarantool.link(tarantool, replica), replica.link]) await link[name](value)
    await tarantool.call('add_user', 1, 'ann')
    if (name === 'reset') await tarantool.waitForVclock()
    else await expect(tarantool.waitForVclock(tarantool, { timeout: 50 })).rejects.toThrow("'default-2': it has change")
  },
)
test('the next test finds all links sound', expectSound)
describe('a suite that has separated the members', () => {
  const pids = []
  beforeAll(() => tarantool.partition([tarantool], [replica]))
  test.each([1, 2, 3])('finds them separated, and the data reset in place: %i', async () => {
    expect([await tarantool.call('count_users'), await replica.call('count_users')]).toEqual([[0], [0]])
    await tarantool.call('add_user', 1, 'ann')
    await expect(tarantool.waitForVclock(tarantool, { timeout: 50 })).rejects.toThrow("'default-2': it has change")
    expect(await replica.call('count_users')).toEqual([0])
    pids.push(replica.pid)
    expect(new Set(pids).size).toBe(1)
  })
})`

const removedFile = `
import { connect } from 'node:net'
import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, test } from 'vitest'
const tarantool = useTarantool()
const greets = ({ host, port }) => new Promise(resolve => {
  const socket = connect(port, host)
  socket.once('data', () => { resolve(true); socket.destroy() }).once('error', () => resolve(false))
})
const removeWithFaults = async () => {
  const added = await tarantool.addReplica()
  const replica = tarantool.instance('default-2')
  for (const member of [added, replica]) {
    await tarantool.partition(['default-1'], [member])
    await member.link.cut()
    await tarantool.remove(member)
  }
}
test('removes members whose links have faults', removeWithFaults)
test('removes such members, and heals', async () => {
  await removeWithFaults()
  await tarantool.heal()
})
test('finds all members, and their links sound', async () => {
  expect(tarantool.instances.map(({ name }) => name)).toEqual(['default-1', 'default-2'])
  for (const instance of tarantool.instances) expect(await greets(instance)).toBe(true)
  await tarantool.waitForFullMesh()
})`

describe.each(oneOfEach)('$name', runner => {
  test('faults of links end with the member that has them', async () => {
    const { exitCode, output, project } = await runUnder(runner, {
      ...setUpWith(`{ replicas: 2, links: true, maxServers: 1, appLua: ${JSON.stringify(appOfMembers)} }`),
      'a.test.ts': removedFile,
    })
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })

  test('faults end with their test or suite', async () => {
    const { exitCode, output, project } = await runUnder(runner, {
      ...setUpWith('{ links: true, maxServers: 1 }'),
      'a.test.ts': testFile,
      'b.test.ts': testFile,
    })
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })

  test('a server without links says how to have one', async () => {
    const { output } = await runUnder(runner, {
      ...setUpWith('{}'),
      'a.test.ts': `
        import { useTarantool } from 'tarantool-fixture/vitest'
        import { test } from 'vitest'
        const tarantool = useTarantool()
        test('cuts', () => tarantool.link.cut())`,
    })
    expect(output).toMatch(/server 'default' has no link/)
    expect(output).toMatch(/links: true/)
  })

  test.runIf(has('a config file'))(
    'faults between the instances of a cluster end with their test or suite',
    async () => {
      const { exitCode, output, project } = await runUnder(runner, {
        ...setUpWith("{ app: './my-app', links: true, maxServers: 1 }"),
        ...Object.fromEntries(Object.entries(filesOfThree).map(([name, text]) => [`my-app/${name}`, text])),
        'a.test.ts': clusterFile,
        'b.test.ts': clusterFile,
      })
      expect(exitCode, output).toBe(0)
      expect(project.leftBehind()).toEqual([])
    },
  )

  test('members of a replica set are separated, and their data is reset', async () => {
    const { exitCode, output, project } = await runUnder(runner, {
      ...setUpWith(`{ replicas: 2, links: true, maxServers: 1, appLua: ${JSON.stringify(appOfMembers)} }`),
      'a.test.ts': setFile,
      'b.test.ts': setFile,
    })
    expect(exitCode, output).toBe(0)
    expect(project.leftBehind()).toEqual([])
  })

  test('a seeded sequence of faults ends with its code or its test, and its seed is in the failure', async () => {
    const { output, project } = await runUnder(runner, {
      ...setUpWith(`{ links: true, maxServers: 1, walMode: 'write', servers: {
        one: {}, ${has('elections') ? "three: { replicas: 3, failover: 'election' }" : 'three: { replicas: 3 }'} } }`),
      'a.test.ts': sequenceFile('one'),
      'b.test.ts': sequenceFile('three'),
    })
    expect(output).toMatch(/the client gave up\n+ *Under faults\(\{ seed: 11 \}\), which made these faults:\n *1\. /)
    expect(output).toMatch(
      /Under faults\(\{ seed: 12 \}\), which made these faults:\n *(\(\d+ before these\)\n *\d+|1)\. cut /,
    )
    expect(output).toMatch(/(4 failed \| 4 passed|4 failed, 4 passed)/)
    expect(project.leftBehind()).toEqual([])
  })

  test('the seed is in the failure of a hook that takes too long', async () => {
    const hook = (seed: number): string =>
      `beforeAll(() => tarantool.faults({ seed: ${seed}, longest: 5, kinds: ['cut'] }, () => new Promise(() => {})), 500)`
    const head = `
      import { useTarantool } from 'tarantool-fixture/vitest'
      import { beforeAll, describe, expect, test } from 'vitest'
      const tarantool = useTarantool()`
    const { output, project } = await runUnder(runner, {
      ...setUpWith('{ links: true, maxServers: 1 }'),
      'a.test.ts': `${head}
        describe('a suite', () => {
          ${hook(15)}
          test('does not begin', () => {})
        })`,
      'b.test.ts': `${head}
        ${hook(16)}
        test('does not begin', () => {})`,
    })
    expect(output).toMatch(
      /Under faults\(\{ seed: 15 \}\), which made these faults:\n *(\(\d+ before these\)\n *\d+|1)\. cut /,
    )
    expect(output).toMatch(
      /Under faults\(\{ seed: 16 \}\), which made these faults:\n *(\(\d+ before these\)\n *\d+|1)\. cut /,
    )
    expect(project.leftBehind()).toEqual([])
  })

  test('a single server has one link only, and no partitions', async () => {
    const { exitCode, output } = await runUnder(runner, {
      ...setUpWith('{ links: true }'),
      'a.test.ts': `
        import { LeaseError, useTarantool } from 'tarantool-fixture/vitest'
        import { expect, test } from 'vitest'
        const tarantool = useTarantool()
        test('is no cluster', async () => {
          await expect(tarantool.link('a', 'b').cut()).rejects.toThrow("server 'default' is no cluster")
          await expect(tarantool.partition(['a'], ['b'])).rejects.toThrow(LeaseError)
          await tarantool.heal()
          await tarantool.link.cut()
          await tarantool.heal()
        })`,
    })
    expect(exitCode, output).toBe(0)
  })
})
