import { delimiter } from 'node:path'
import { parseArgs } from 'node:util'
import { locateBinary } from '../../src/binary/locate.ts'

const help = `npm run test:versions [-- [FILE...] [-t PATTERN] [--no-runners] [--no-write] [--summary FILE]]

Runs the unit tests, and the end-to-end tests of handle, isolation, failures and reset, against each Tarantool of
TARANTOOL_BINS (paths separated by '${delimiter}'; default: the one that the fixture finds on this machine). Prints a table and
writes its rows into docs/compatibility.md. A row keeps the date and the commit of its run; rows of other versions stay.

  FILE          test files whose path contains it; default: all
  -t PATTERN    tests whose name matches it
  --no-runners  leaves out the end-to-end tests, for CI: its last step runs them, with all runners
  --no-write    only prints; so does a run of some tests, and CI
  --summary F   writes how many passed, failed and were skipped, and the failures, into the file F, as JSON

The exit code is 1 when a test fails.`

/** Options of a run against several versions. */
export interface VersionsChoice {
  /** Paths of Tarantool binaries. */
  readonly binaries: readonly string[]
  readonly files: readonly string[]
  readonly testNamePattern: string | undefined
  /** Whether the end-to-end tests run, too. */
  readonly withRunners: boolean
  readonly writes: boolean
  /** The file to write the counts to. */
  readonly summary: string | undefined
}

function endWith(text: string, exitCode: number): never {
  console.log(text)
  process.exit(exitCode)
}

async function binariesOf({ TARANTOOL_BINS: list }: NodeJS.ProcessEnv): Promise<string[]> {
  const named = list?.split(delimiter).filter(Boolean) ?? []
  return named.length > 0 ? named : [(await locateBinary()).path]
}

/** Parses the command line. Ends the process after --help, or if an option is unknown. */
export async function parseArguments(args: readonly string[]): Promise<VersionsChoice> {
  const parsed = ((): {
    values: { t?: string; help?: boolean; 'no-runners'?: boolean; 'no-write'?: boolean; summary?: string }
    positionals: string[]
  } => {
    try {
      return parseArgs({
        args: [...args],
        allowPositionals: true,
        options: {
          t: { type: 'string', short: 't' },
          help: { type: 'boolean', short: 'h' },
          'no-runners': { type: 'boolean' },
          'no-write': { type: 'boolean' },
          summary: { type: 'string' },
        },
      })
    } catch (error) {
      return endWith(`${(error as Error).message}\n\n${help}`, 1)
    }
  })()
  const { values, positionals: files } = parsed
  if (values.help) return endWith(help, 0)
  const withRunners = !values['no-runners']
  const isWhole = withRunners && files.length === 0 && values.t === undefined
  return {
    binaries: await binariesOf(process.env),
    files,
    testNamePattern: values.t,
    withRunners,
    summary: values.summary,
    writes: isWhole && !values['no-write'] && !process.env.CI,
  }
}
