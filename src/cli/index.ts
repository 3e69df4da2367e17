#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { InvalidOptionError, TarantoolFixtureError } from '../errors.ts'
import { packageDirectory } from '../package-files.ts'
import { clearCache, showCache } from './cache.ts'
import { install } from './install.ts'

const help = `Usage: tarantool-fixture <command>

Commands:
  install [version]  finds the Tarantool that tests would run, or downloads it, and prints its path;
                     a version is '3', '3.5', '3.8.0' or 'latest'
  cache              lists what is in the cache: templates of seeded databases, and Tarantools
  cache clear        removes them; the next run makes or downloads them anew

Options:
  -h, --help         shows this text
  -v, --version      shows the version of tarantool-fixture

The cache is the directory that TARANTOOL_FIXTURE_CACHE names, else tarantool-fixture in your cache directory.
`

/** The arguments name no command. */
class UnknownCommand extends Error {}

interface Command {
  readonly name: string
  /** The largest number of arguments. */
  readonly most: number
  readonly run: (...args: string[]) => Promise<string>
}

// If two commands begin alike, the longer command is first.
const commands: readonly Command[] = [
  { name: 'cache clear', most: 0, run: clearCache },
  { name: 'cache', most: 0, run: showCache },
  { name: 'install', most: 1, run: install },
]

function ownVersion(): string {
  const text = readFileSync(join(packageDirectory, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

async function main(args: string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
  })
  if (values.help) return help
  if (values.version) return `${ownVersion()}\n`
  const name = positionals.join(' ')
  for (const command of commands) {
    const rest = positionals.slice(command.name.split(' ').length)
    const isMeant = [command.name, ...rest].join(' ') === name
    if (isMeant && rest.length <= command.most) return await command.run(...rest)
  }
  throw new UnknownCommand(name === '' ? 'no command is given' : `unknown command '${name}'`)
}

// parseArgs throws a TypeError for an unknown option. Other errors are faults of this program.
const isUnknown = (error: unknown): error is Error =>
  error instanceof UnknownCommand ||
  (error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS_'))

try {
  process.stdout.write(await main(process.argv.slice(2)))
} catch (error) {
  const showsHelp = isUnknown(error)
  if (!showsHelp && !(error instanceof TarantoolFixtureError)) throw error
  // After an unknown option Node adds how to write a file name that begins with a hyphen.
  const message = (error as Error).message.replace(/\. To specify a positional argument .*/, '')
  process.stderr.write(`tarantool-fixture: ${message}\n${showsHelp ? `\n${help}` : ''}`)
  const isUsage = showsHelp || (error as TarantoolFixtureError).code === InvalidOptionError.code
  process.exitCode = isUsage ? 2 : 1
}
