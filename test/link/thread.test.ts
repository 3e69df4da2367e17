import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { LinkError, TarantoolInstance } from '../../src/index.ts'
import { linkThread } from '../../src/link/thread.ts'
import { startInstance, useOwnCache } from '../support/instances.ts'
import { Client } from './client.ts'

useOwnCache()

/** Lets the thread of the links fail: it meets a list of users that is none. */
async function endThread(): Promise<void> {
  const listen = { host: '127.0.0.1', port: await TarantoolInstance.getRandomPort() }
  const thread = linkThread()
  await thread.ask({
    kind: 'add',
    link: -1,
    ends: { listen, target: listen, uids: 5 as never },
    condition: { is: 'sound' },
  })
  await thread.ask({ kind: 'open', link: -1 })
  await once(
    connect(listen.port, listen.host).on('error', () => {}),
    'close',
  )
  await expect.poll(() => thread.alive).toBe(false)
}

// Only Linux tells the owner of a connection.
test.runIf(process.platform === 'linux')('after the end of its thread, a link says how it opens again', async () => {
  const instance = await startInstance({ links: true, walMode: 'write' })
  await instance.link.delay(1)
  await endThread()
  const refusal = { code: LinkError.code, hint: expect.stringContaining('restart()') }
  await expect(instance.link.cut()).rejects.toMatchObject(refusal)
  await expect(instance.link.heal()).rejects.toMatchObject({
    ...refusal,
    summary: expect.stringMatching(/^the thread that passes data through links has ended: /),
  })
  expect(await instance.eval('return 1')).toEqual([1])
  await instance.restart()
  await (await Client.connect(instance.port)).ask('again')
  await instance.link.heal()
})

test('an address that another process took meanwhile is reported, and the next heal() tries again', async () => {
  const instance = await startInstance({ links: true })
  await instance.link.cut()
  const other = createServer().listen(Number(instance.port), instance.host)
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  for (let round = 0; round < 2; round++) {
    await expect(instance.link.heal()).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_PORT_TAKEN',
      address: `${instance.host}:${instance.port}`,
      hint: expect.stringContaining('hang() keeps the address'),
    })
  }
  other.close()
  await once(other, 'close')
  await instance.link.heal()
  await (await Client.connect(instance.port)).ask('healed')
})
