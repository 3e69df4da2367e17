#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { TarantoolFixtureError } from '../errors.ts'
import { clearCache, showCache } from './cache.ts'

const help = `Usage: tarantool-fixture <command>

Commands:
  cache          lists the templates of seeded databases in the cache
  cache clear    removes them; the next run makes them anew

Options:
  -h, --help     shows this text

The cache is the directory that TARANTOOL_FIXTURE_CACHE names, else tarantool-fixture in your cache directory.
`

const commands: Readonly<Record<string, () => Promise<string>>> = { cache: showCache, 'cache clear': clearCache }

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) {
    process.stdout.write(help)
    return
  }
  const name = positionals.join(' ')
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) throw new TypeError(name === '' ? 'there is no command' : `there is no command '${name}'`)
  process.stdout.write(await command())
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  // parseArgs throws a TypeError for an option that does not exist.
  const isUsage = error instanceof TypeError
  if (!isUsage && !(error instanceof TarantoolFixtureError)) throw error
  process.stderr.write(`tarantool-fixture: ${error.message}\n${isUsage ? `\n${help}` : ''}`)
  process.exitCode = isUsage ? 2 : 1
}
