#!/usr/bin/env node
import { CommanderError } from 'commander'
import { InvalidOptionError, TarantoolFixtureError } from '../errors.ts'
import { makeProgram } from './program.ts'

const exitCodes = { failure: 1, usage: 2 } as const

function exitCodeOf(error: unknown): number {
  // The help and the version were asked for. Help that nobody asked for follows a missing command.
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? 0 : exitCodes.usage
  }
  if (!(error instanceof TarantoolFixtureError)) throw error
  process.stderr.write(`tarantool-fixture: ${error.message}\n`)
  return error.code === InvalidOptionError.code ? exitCodes.usage : exitCodes.failure
}

// A reader that has seen enough closes the pipe: `tarantool-fixture ps | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

try {
  await makeProgram().parseAsync()
} catch (error) {
  process.exitCode = exitCodeOf(error)
}
