import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { contentOf, isAlive, newInstance, temporaryDirectory } from '../support/instances.ts'

const listens = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false)).once('connect', () => resolve(true))
    socket.once('connect', () => socket.destroy())
  })

test('100 instances in a row, and 16 at once, leave nothing', async () => {
  const root = temporaryDirectory()
  const seen: { pid: number; port: number }[] = []
  const live = async (): Promise<void> => {
    const instance = await newInstance({ root, timeout: 30_000 }).start()
    seen.push({ pid: instance.pid ?? 0, port: Number(instance.port) })
    expect(await instance.eval('return 1')).toEqual([1])
    await instance.stop()
  }
  for (let round = 0; round < 100; round++) await live()
  await Promise.all(Array.from({ length: 16 }, live))
  expect(contentOf(root)).toEqual([])
  expect(seen).toHaveLength(116)
  expect(seen.filter(({ pid }) => isAlive(pid))).toEqual([])
  const ports = await Promise.all(seen.map(({ port }) => listens(port)))
  expect(ports).not.toContain(true)
})
