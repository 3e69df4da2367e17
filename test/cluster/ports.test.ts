import { once } from 'node:events'
import { createServer } from 'node:net'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { newCluster, oneInstance, threeInstances } from '../support/clusters.ts'
import { skipWithout } from '../support/features.ts'
import { contentOf } from '../support/instances.ts'
import { portOfCluster, Thief } from '../support/thief.ts'

describe('ports of a cluster that another process takes', () => {
  beforeEach(context => skipWithout('a config file', context))

  test('before the first start: the cluster has others', async () => {
    const thief = new Thief(portOfCluster)
    thief.steal(1)
    const cluster = await newCluster({ app: threeInstances(), commandToRun: thief.command }).start()
    // The instances start at once, so the thief may see the first turn of several.
    expect(thief.stolen).not.toEqual([])
    const ports = cluster.instances.map(({ port }) => Number(port))
    expect(ports.filter(port => thief.stolen.includes(port))).toEqual([])
    expect(await cluster.instance('r-001').call('greet')).toEqual(['hello from r-001'])
  })

  test('again and again: the error names the port', async () => {
    const thief = new Thief(portOfCluster)
    thief.steal(99)
    const cluster = newCluster({ app: oneInstance(), commandToRun: thief.command, timeout: 2500 })
    await expect(cluster.start()).rejects.toMatchObject({
      code: 'ERR_TARANTOOL_PORT_TAKEN',
      summary: expect.stringMatching(
        /^Tarantool only-001\[.*\] cannot listen on 127\.0\.0\.1:\d+: the address is in use/,
      ),
    })
    expect(thief.stolen.length).toBeGreaterThan(1)
    expect(contentOf(cluster.directory)).toEqual([])
  })

  test('between two starts: the cluster waits for its own', async () => {
    const cluster = await newCluster({ app: oneInstance() }).start()
    const { port } = cluster.instance()
    await cluster.stop()
    const thief = createServer().listen(Number(port), '127.0.0.1')
    onTestFinished(() => void thief.close())
    await once(thief, 'listening')
    const started = cluster.start()
    await expect.poll(() => contentOf(cluster.directory)).toContain('only-001')
    thief.close()
    await started
    expect(cluster.instance().port).toBe(port)
    expect(await cluster.instance().eval('return 1')).toEqual([1])
  })
})
