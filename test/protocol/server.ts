import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Address, formatAddress } from '../../src/protocol/address.ts'
import { luaLiteral } from '../../src/protocol/lua-literal.ts'

const READY = 'test server is ready: '

/** A server of one test file: its addresses, and the process itself. */
export interface TestServer {
  process: ChildProcess
  iproto: Address
  console: Address
  tcpConsole: Address
  /** Kills it and removes its directory. */
  stop(): Promise<void>
}

/**
 * Starts a server with a guest who may do everything, and runs `lua` in it before it says that it is ready.
 * Its binary protocol is on a unix socket unless `tcp` says otherwise.
 */
export async function startServer(lua = '', tcp?: { host: string; port: number }): Promise<TestServer> {
  const dir = await mkdtemp(join(tmpdir(), 'protocol-'))
  const iproto: Address = tcp ?? { path: join(dir, 'iproto.sock') }
  const consoleAddress = { path: join(dir, 'console.sock') }
  await writeFile(join(dir, 'init.lua'), initScript(dir, formatAddress(iproto), consoleAddress.path, lua))
  const server = spawn(process.env.TARANTOOL_BIN ?? 'tarantool', [join(dir, 'init.lua')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  // However this process ends, the server must not stay.
  const kill = (): boolean => server.kill('SIGKILL')
  process.once('exit', kill)
  const stop = async (): Promise<void> => {
    process.off('exit', kill)
    if (server.exitCode === null && server.signalCode === null) {
      kill()
      await once(server, 'exit')
    }
    await rm(dir, { recursive: true, force: true })
  }
  try {
    const tcpConsole = { host: '127.0.0.1', port: await readPort(server) }
    return { process: server, iproto, console: consoleAddress, tcpConsole, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function initScript(dir: string, listen: string, consolePath: string, lua: string): string {
  const command = resolve(import.meta.dirname, '../../fixtures/agent/command.lua')
  return `
    box.cfg{ work_dir = ${luaLiteral(dir)}, listen = ${luaLiteral(listen)}, wal_mode = 'none', log_level = 2 }
    box.schema.user.grant('guest', 'super', nil, nil, { if_not_exists = true })
    package.loaded['tarantool-fixture'] = { command = assert(loadfile(${luaLiteral(command)}))() }
    local console = require('console')
    local fiber, socket = require('fiber'), require('socket')
    console.listen(${luaLiteral(consolePath)})
    local port = console.listen('127.0.0.1:0'):name().port
    ${lua}
    io.write(${luaLiteral(READY)}, port, '\\n')
    io.flush()
    -- The other end of stdin is this test's process.
    fiber.create(function()
      socket.iowait(0, 'R')
      os.exit(0)
    end)
  `
}

async function readPort(server: ChildProcess): Promise<number> {
  let output = ''
  for await (const chunk of server.stdout ?? []) {
    output += String(chunk)
    const match = new RegExp(`${READY}(.*)\n`).exec(output)
    if (match) return Number(match[1])
  }
  throw new Error(`the server exited before it was ready; it said: ${output}`)
}
