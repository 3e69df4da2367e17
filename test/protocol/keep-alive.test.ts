import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from './server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.stop())

const run = promisify(execFile)
const tsx = import.meta.resolve('tsx')

test.each([
  ['console/connection.ts', 'ConsoleConnection', 'command'],
  ['iproto/connection.ts', 'IprotoConnection', 'eval'],
] as const)('%s keeps Node alive while a request waits, and not a moment longer', async (file, name, method) => {
  const url = new URL(`../../src/protocol/${file}`, import.meta.url)
  const address = name === 'ConsoleConnection' ? server.console : server.iproto
  const script = `
    import { ${name} } from ${JSON.stringify(url)}
    const connection = await ${name}.connect(${JSON.stringify(address)})
    connection.${method}('require("fiber").sleep(0.1) return "done"').then(([value]) => console.log(value))
  `
  // Never closed: execFile would time out if the open connection kept the process.
  const { stdout } = await run(process.execPath, ['--import', tsx, '--input-type=module', '-e', script], {
    timeout: 20_000,
  })
  expect(stdout).toBe('done\n')
})

test('a connection on which nothing was ever asked does not keep Node alive', async () => {
  const url = new URL('../../src/protocol/iproto/connection.ts', import.meta.url)
  const script = `
    import { IprotoConnection } from ${JSON.stringify(url)}
    const { open } = await IprotoConnection.connect(${JSON.stringify(server.iproto)})
    console.log(open)
  `
  const args = ['--import', tsx, '--input-type=module', '-e', script]
  const { stdout } = await run(process.execPath, args, { timeout: 20_000 })
  expect(stdout).toBe('true\n')
})
