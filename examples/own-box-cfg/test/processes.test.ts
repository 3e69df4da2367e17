import { useTarantool } from 'tarantool-fixture/vitest'
import { expect, inject, test } from 'vitest'

// Each test has a process of its own, which is started while the test before runs. It takes over all ports.
const tarantool = useTarantool({ isolation: 'process' })

const seen = new Set<number>()

test.each([1, 2, 3])('test %s has a process of its own, on the same port', async () => {
  expect(inject('tarantool').ports).toEqual(tarantool.ports)
  expect(process.env.TARANTOOL_HTTP_PORT).toBe(String(tarantool.ports.http))
  const response = await fetch(`http://127.0.0.1:${tarantool.ports.http}/notes`, { method: 'POST', body: 'buy milk' })
  expect(await response.json()).toBe(1)
  expect(seen).not.toContain(tarantool.pid)
  seen.add(tarantool.pid)
})
