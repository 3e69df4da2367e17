import { describe, expect, test } from 'vitest'
import { Project } from '../support/project.ts'
import { vitests } from '../support/runners.ts'

describe.each(vitests)('$name', runner => {
  test.each(['reset', 'process'])(
    "host 'unix/' in the config: the tests get a socket's path for a port, isolation %s",
    async isolation => {
      const project = new Project(runner, {
        'vitest.config.ts': "export default { test: { globalSetup: './tarantool.ts' } }",
        'tarantool.ts': `
          import { defineTarantool } from 'tarantool-fixture/vitest/setup'
          export default defineTarantool({
            host: 'unix/', isolation: '${isolation}', credentials: { user: 'ann', password: 'secret' },
          })`,
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
            const { host, port, uri } = inject('tarantool')
            expect([host, tarantool.host]).toEqual(['unix/', 'unix/'])
            expect(port).toMatch(/^\\/.*\\.sock$/)
            expect(tarantool.port).toBe(port)
            expect(uri).toBe('ann:secret@unix/:' + port)
            const { TARANTOOL_HOST, TARANTOOL_PORT, TARANTOOL_URI } = process.env
            expect([TARANTOOL_HOST, TARANTOOL_PORT, TARANTOOL_URI]).toEqual(['unix/', port, uri])
            expect(await greeting(port)).toBe('Tarantool')
            expect(await tarantool.eval('seen = (seen or 0) + 1 return seen')).toEqual([1])
          })`,
      })
      const { exitCode, output } = await project.run(['run'])
      expect(output).toMatch(/Tests {2}3 passed/)
      expect(exitCode).toBe(0)
      expect(project.leftBehind()).toEqual([])
    },
  )
})
