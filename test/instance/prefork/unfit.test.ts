import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeFiles } from '../../support/instances.ts'
import { repository } from '../../support/npm.ts'

const zygote = join(repository, 'fixtures/prefork/boot.lua')

/** What a zygote answers at its start, after some Lua has run in its process. */
function answerAfter(lua: string): string {
  const directory = writeFiles({ 'script.lua': `${lua}\nreturn dofile('${zygote}')` })
  const args = [join(directory, 'script.lua'), String(process.pid)]
  // The end of stdin ends a zygote that is ready.
  return execFileSync(String(process.env.TARANTOOL_BIN), args, {
    cwd: directory,
    input: '',
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  }).trim()
}

describe.skipIf(process.platform !== 'linux')('a Tarantool that cannot be forked says why (needs Linux)', () => {
  test('one that can is ready', () => {
    expect(answerAfter('')).toMatch(/^ready \d+$/)
  })

  test('a second thread', () => {
    expect(answerAfter("require('fio').stat('/')")).toMatch(/^unfit it has \d+ threads before box.cfg$/)
  })

  test('a socket without a second end', () => {
    const lua = "socket = require('socket')('AF_INET', 'SOCK_STREAM', 0)"
    expect(answerAfter(lua)).toMatch(/^unfit descriptor \d+ is socket:/)
  })

  test.skipIf(!existsSync('/proc/self/timers'))('a POSIX timer (needs a kernel that lists them)', () => {
    const lua = `local ffi = require('ffi')
      ffi.cdef('int timer_create(int clock, void *event, void **timer);')
      pcall(ffi.load, 'rt')
      local timer = ffi.new('void *[1]')
      assert(ffi.C.timer_create(1, nil, timer) == 0)`
    expect(answerAfter(lua)).toBe('unfit it has a POSIX timer')
  })
})
