import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageDirectory } from '../../../../src/package-files.ts'
import { writeFiles } from '../../../support/instances.ts'

// Connects to itself, and asks about the client's end of the connection. `arg[1]` is the package's directory.
const script = `
  local directory = arg[1]
  local function load(name) return loadfile(directory .. '/fixtures/boot/' .. name .. '.lua')() end
  local ffi, socket = require('ffi'), require('socket')
  ffi.cdef('int tarantool_fixture_close(int fd) __asm__("close"); unsigned geteuid(void);')
  local address, owner_of = load('socket-address'), load('peer-owner')
  local ESTABLISHED, FIN_WAIT1, FIN_WAIT2, LISTEN = 1, 4, 5, 10

  local listener = socket('AF_INET', 'SOCK_STREAM', 'tcp')
  assert(listener:bind('127.0.0.1', 0) and listener:listen())
  local client = socket('AF_INET', 'SOCK_STREAM', 'tcp')
  client:sysconnect('127.0.0.1', listener:name().port)
  local server = listener:accept()
  local own, peer = address.own(server:fd()), address.peer(server:fd())
  local listens = address.own(listener:fd())

  local function show(what, ...)
    local uid, why = owner_of(...)
    print(what .. ': ' .. (uid == nil and why or uid == ffi.C.geteuid() and 'ours' or tostring(uid)))
  end
  show('established', own, peer, ESTABLISHED)
  show('in another state than asked for', own, peer, LISTEN)
  show('the wrong way round', peer, { ip = own.ip, port = 1 }, ESTABLISHED)
  show('a listener', { ip = '\\0\\0\\0\\0', port = 0 }, listens, LISTEN)
  -- The system answers with the listener.
  show('no connection to a listener', { ip = own.ip, port = 1 }, listens, LISTEN)
  client:close()
  require('fiber').sleep(0)
  show('closed by the client', own, peer, ESTABLISHED)
  for _, state in ipairs({ FIN_WAIT1, FIN_WAIT2 }) do show('closed by the client, and asked for as such', own, peer, state) end
  os.exit(0)`

const isLinux = process.platform === 'linux'

test.skipIf(!isLinux)('only an open connection that was asked for has an owner (needs Linux)', () => {
  const directory = writeFiles({ 'ask.lua': script })
  const program = process.env.TARANTOOL_BIN ?? 'tarantool'
  const { stdout, stderr } = spawnSync(program, [join(directory, 'ask.lua'), packageDirectory], { encoding: 'utf8' })
  const closed = 'it is closed already'
  const unknown = 'the system does not know whose it is'
  expect(stderr).toBe('')
  expect(stdout.trim().split('\n')).toEqual([
    'established: ours',
    `in another state than asked for: ${closed}`,
    `the wrong way round: ${unknown}`,
    'a listener: ours',
    `no connection to a listener: ${closed}`,
    `closed by the client: ${closed}`,
    `closed by the client, and asked for as such: ${closed}`,
    `closed by the client, and asked for as such: ${closed}`,
  ])
})
