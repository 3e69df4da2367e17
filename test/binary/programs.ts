import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { findProgram } from '../../src/binary/search.ts'

/** A directory for one test, which any user may enter. */
export function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'tarantool-fixture-binary-')))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }))
  return directory
}

/** Writes a shell script and returns its path. */
export function writeProgram(path: string, script: string, mode = 0o755): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode })
  return path
}

/** A script that is called Tarantool and says it is of that version. */
export function writeTarantool(path: string, version = '2.6.0-0-g47aa4e01e'): string {
  return writeProgram(path, `echo 'Tarantool ${version}'\necho 'Target: Linux-x86_64-RelWithDebInfo'`)
}

/** The path of a program that is on PATH. */
export const onPath = (name: string): string | undefined =>
  findProgram(name, (process.env.PATH ?? '').split(delimiter)).path

/** Makes a directory with links to some programs of the system. */
export function linkPrograms(bin: string, names: readonly string[]): void {
  mkdirSync(bin, { recursive: true })
  for (const name of names) {
    const path = onPath(name)
    if (path !== undefined) symlinkSync(path, join(bin, name))
  }
}
