import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

/**
 * Puts programs into a directory that say to be Tarantools of these versions, and are the one of this run: the server's
 * SAID_VERSION tells which of them was started.
 *
 * @returns the variables with which they are found on PATH, in that order
 */
export function fakeVersions(directory: string, versions: readonly string[]): Record<string, string> {
  const directories = versions.map(version => {
    const place = join(directory, 'bin', version)
    mkdirSync(place, { recursive: true })
    const program = join(place, 'tarantool')
    writeFileSync(
      program,
      `#!/bin/sh
case "$*" in *--version) echo 'Tarantool ${version}'; echo 'Target: Linux-x86_64'; exit;; esac
SAID_VERSION=${version} exec ${process.env.TARANTOOL_BIN} "$@"
`,
    )
    chmodSync(program, 0o755)
    return place
  })
  return {
    PATH: [...directories, process.env.PATH].join(':'),
    TARANTOOL_BIN: '',
    TARANTOOL_FIXTURE_INSTALL: '0',
  }
}
