import { describe, expect, test } from 'vitest'
import { runUnder } from '../support/as-jest.ts'
import { isJest, oneOfEach } from '../support/runners.ts'
import { setUpWith } from '../support/setup-file.ts'

describe.each(oneOfEach)('$name', runner => {
  test.each(['reset', 'process'])(
    "host 'unix/' in the config: the tests get a socket's path for a port, isolation %s",
    async isolation => {
      const { exitCode, output, project } = await runUnder(runner, {
        ...setUpWith(`{ host: 'unix/', isolation: '${isolation}', credentials: { user: 'ann', password: 'secret' } }`),
        'any.test.ts': `
          import { connect } from 'node:net'
          import { useTarantool } from 'tarantool-fixture/vitest'
          import { expect, inject, test } from 'vitest'
          const tarantool = useTarantool()
          const greeting = path => new Promise((resolve, reject) => {
            const socket = connect(path, () => {}).once('data', data => {
              socket.destroy()
              resolve(String(data).split(' ')[0])
            }).once('error', reject)
          })
          test.each([1, 2, 3])('round %i', async () => {
            const { host, port, uri } = tarantool
            expect(host).toBe('unix/')
            expect(port).toMatch(/^\\/.*\\.sock$/)
            expect(uri).toBe('ann:secret@unix/:' + port)
            const { TARANTOOL_HOST, TARANTOOL_PORT, TARANTOOL_URI } = process.env
            expect([TARANTOOL_HOST, TARANTOOL_PORT, TARANTOOL_URI]).toEqual([host, port, uri])
            ${isJest(runner) ? '' : "expect(inject('tarantool')).toMatchObject({ host, port, uri })"}
            expect(await greeting(port)).toBe('Tarantool')
            expect(await tarantool.eval('seen = (seen or 0) + 1 return seen')).toEqual([1])
          })`,
      })
      expect(output).toMatch(/Tests:? +3 passed/)
      expect(exitCode).toBe(0)
      expect(project.leftBehind()).toEqual([])
    },
  )
})
