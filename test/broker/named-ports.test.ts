import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { lease } from '../support/leased.ts'

const appLua = `
  require('socket').tcp_server('127.0.0.1', tonumber(os.getenv('TARANTOOL_HTTP_PORT')), function(peer)
      peer:write(tostring(box.info.pid))
  end)`

const ask = async (port: number | undefined): Promise<number> => Number(await text(connect(port ?? 0, '127.0.0.1')))

test.each(['process', 'restart', 'reset'] as const)(
  'a named port stays when the server is replaced: %s',
  async isolation => {
    const { server } = await lease({ isolation, ports: ['http'], appLua })
    const pids = new Set<number>()
    const { port, ports } = server.info()
    for (let process = 0; process < 3; process++) {
      const { pid, ...now } = process === 0 ? server.info() : await server.renew()
      pids.add(pid)
      expect([now.port, now.ports]).toEqual([port, ports])
      expect(await ask(ports.http)).toBe(pid)
    }
    expect(pids.size).toBe(3)
  },
)

test('a named port of the process that stands aside is given to the other, and back', async () => {
  const { server } = await lease({ isolation: 'reset', ports: ['http'], appLua })
  const { pid, ports } = server.info()
  const other = await server.stepAside(true)
  expect(await ask(ports.http)).toBe(other.pid)
  await server.comeBack()
  expect(await ask(ports.http)).toBe(pid)
})
