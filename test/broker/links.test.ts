import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import type { LeasableServer } from '../../src/broker/leasable-server.ts'
import { threeInstances } from '../support/clusters.ts'
import { has } from '../support/features.ts'
import { evaluate, lease, open } from '../support/leased.ts'

async function codeOfRefusal(server: LeasableServer): Promise<unknown> {
  const { host, port } = server.info()
  const socket = connect(Number(port), host)
  const [error] = await once(socket, 'error')
  return (error as NodeJS.ErrnoException).code
}

test('a fault outlives the processes of an address, and ends with the lease', async () => {
  const { server, release } = await lease({ links: true, isolation: 'process' })
  const { port, pid } = server.info()
  const client = await open(server)
  const closed = once(client, 'close')
  await server.makeFault({ is: 'cut' })
  await closed
  for (const step of [() => server.renew(), () => server.stepAside(true), () => server.comeBack()]) {
    expect((await step()).port).toBe(port)
    expect(await codeOfRefusal(server)).toBe('ECONNREFUSED')
  }
  await server.makeFault({ is: 'sound' })
  await open(server)
  await server.makeFault({ is: 'cut' })
  expect(server.info().pid).not.toBe(pid)
  release()
  await server.ensure()
  await open(server)
})

test('a server that stopped has no address until it starts', async () => {
  const { server } = await lease({ links: true })
  await server.stop()
  expect(await codeOfRefusal(server)).toBe('ECONNREFUSED')
  await server.start(true)
  await open(server)
})

test.runIf(has('a config file'))(
  'a fault between instances outlives their cluster, and ends with the lease',
  async () => {
    const { server, release } = await lease({ app: threeInstances(), links: true, connect: 'r-001' })
    const reaches = async (): Promise<unknown> =>
      await evaluate(
        server,
        "return require('net.box').connect(require('config'):instance_uri('peer', { instance = 's-001' }).uri).state",
      )
    expect(await reaches()).toEqual(['active'])
    await server.makeFault({ is: 'cut' }, [{ from: 'r-001', to: 's-001' }])
    expect(await reaches()).toEqual(['error'])
    await server.renew()
    expect(await reaches()).toEqual(['error'])
    release()
    await server.ensure()
    expect(await reaches()).toEqual(['active'])
  },
)
