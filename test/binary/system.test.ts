import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { currentSystem, describeSystem, libcIn } from '../../src/binary/system.ts'

test.each([
  ['7f00 r-xp 00000000 08:01 1 /usr/bin/node\n7f01 r--p 00000000 08:01 2 /lib/ld-musl-x86_64.so.1', 'musl'],
  ['7f01 r--p 00000000 08:01 2 /usr/lib/x86_64-linux-gnu/libc.so.6\n7f02 rw-p 0 [heap]', 'glibc'],
  ['7f01 r--p 00000000 08:01 2 /lib/x86_64-linux-gnu/libc-2.31.so', 'glibc'],
  ['7f01 r--p 00000000 08:01 2 /nix/store/a-glibc-2.39/lib/ld-linux-aarch64.so.1', 'glibc'],
  ['7f00 r-xp 00000000 08:01 1 /usr/bin/node', undefined],
  ['', undefined],
])('the C library in %j', (maps, libc) => {
  expect(libcIn(maps)).toBe(libc)
})

test('the C library of Node counts, then the distribution', () => {
  expect(describeSystem('ID=void\nNAME=Void', 'linux', 'x64', 'musl').libc).toBe('musl')
  expect(describeSystem('ID=alpine', 'linux', 'x64').libc).toBe('musl')
  expect(describeSystem('ID=debian', 'linux', 'x64').libc).toBe('glibc')
})

// Node says so itself, though slowly.
test.runIf(process.platform === 'linux')('this system has the C library that Node reports', () => {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
  expect(currentSystem().libc).toBe(report?.header?.glibcVersionRuntime ? 'glibc' : 'musl')
  expect(libcIn(readFileSync('/proc/self/maps', 'utf8'))).toBe(currentSystem().libc)
})
