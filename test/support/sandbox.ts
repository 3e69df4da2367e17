import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { writeFiles } from './instances.ts'

// Numbers from linux/audit.h and the tables of system calls.
const socketCall = { x64: 41, arm64: 198 }[process.arch as string]

// Forbids netlink to the process, as the sandbox of a container can.
const prelude = `
  local ffi = require('ffi')
  ffi.cdef [[
    struct test_filter { uint16_t code; uint8_t jt, jf; uint32_t k; };
    struct test_program { unsigned short length; struct test_filter *filter; };
    int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
  ]]
  local LOAD, IF_EQUAL, RETURN, ALLOW, REFUSE = 0x20, 0x15, 0x06, 0x7fff0000, 0x00050001
  local filter = ffi.new('struct test_filter[6]', {
    { LOAD, 0, 0, 0 }, { IF_EQUAL, 0, 3, ${socketCall} }, { LOAD, 0, 0, 16 }, { IF_EQUAL, 0, 1, 16 },
    { RETURN, 0, 0, REFUSE }, { RETURN, 0, 0, ALLOW },
  })
  assert(ffi.C.prctl(38, 1, 0, 0, 0) == 0)
  assert(ffi.C.prctl(22, 2, ffi.cast('unsigned long', ffi.new('struct test_program[1]', { { 6, filter } })), 0, 0) == 0)
  dofile(arg[1])`

/** Makes a program that runs Tarantool without netlink, in the test's own directory. */
export function sandbox(): string {
  const directory = writeFiles({
    'prelude.lua': prelude,
    sandbox: `#!/bin/sh
tarantool="\${TARANTOOL_BIN:-tarantool}"
[ "$1" = --version ] && exec "$tarantool" "$@"
exec "$tarantool" "$(dirname "$0")/prelude.lua" "$@"
`,
  })
  chmodSync(join(directory, 'sandbox'), 0o755)
  return join(directory, 'sandbox')
}

export const hasSandbox: boolean = process.platform === 'linux' && socketCall !== undefined

/** Text for the names of tests that need the sandbox. */
export const needsSandbox = 'needs Linux on x64 or arm64'
