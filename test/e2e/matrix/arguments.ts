import { parseArgs } from 'node:util'
import { allRunners, type Runner } from '../support/runners.ts'

const allNodes = ['20', '22', '24', '26']

// Of each runner its first runs, what is shown of failures, and two of the ways in which a run ends.
const quick = {
  files: ['first-run', 'failure', 'jest/ends', 'vitest/teardown'],
  pattern: 'a first test|what the server logged|a server that dies|in a test (Ctrl-C|kill -9)',
}

const help = `npm run test:matrix -- [RUNNER...] [node-VERSION...] [FILE...] [--quick] [-t PATTERN] [--summary FILE]

Runs the end-to-end tests under each runner on each Node, and prints a table.

  RUNNER         ${allRunners.map(({ name }) => name).join(', ')}; default: all
  node-VERSION   ${allNodes.map(node => `node-${node}`).join(', ')}, or one such as node-20.19.0; default: the first four
  FILE           test files whose path contains it; default: all
  --quick        of ${quick.files.join(', ')} the tests that tell most
  -t PATTERN     tests whose name matches it
  --summary F    writes how many passed, failed and were skipped, and the failures, into the file F, as JSON

The exit code is 1 when a test fails.`

/** What a run of the matrix is about. */
export interface MatrixChoice {
  readonly runners: readonly Runner[]
  /** Versions of npm's `node` package. */
  readonly nodes: readonly string[]
  readonly files: readonly string[]
  readonly testNamePattern: string | undefined
  /** Whether the files or the pattern may leave cells without a test. */
  readonly mayBeEmpty: boolean
  /** The file to write the results to. */
  readonly summary: string | undefined
}

function endWith(text: string, exitCode: number): never {
  console.log(text)
  process.exit(exitCode)
}

/** What the command line asks for. Ends the process where that is help, or unknown. */
export function parseArguments(args: readonly string[]): MatrixChoice {
  const parsed = ((): {
    values: { quick?: boolean; t?: string; help?: boolean; summary?: string }
    positionals: string[]
  } => {
    try {
      return parseArgs({
        args: [...args],
        allowPositionals: true,
        options: {
          quick: { type: 'boolean' },
          t: { type: 'string', short: 't' },
          help: { type: 'boolean', short: 'h' },
          summary: { type: 'string' },
        },
      })
    } catch (error) {
      return endWith(`${(error as Error).message}\n\n${help}`, 1)
    }
  })()
  const { values, positionals } = parsed
  if (values.help) return endWith(help, 0)
  const nodes = positionals.flatMap(word => /^node-(\d+(?:\.\d+){0,2})$/.exec(word)?.[1] ?? [])
  const runners = allRunners.filter(({ name }) => positionals.includes(name))
  const others = positionals.filter(
    word => !(nodes.includes(word.replace('node-', '')) || runners.some(({ name }) => name === word)),
  )
  const unknown = others.find(word => /^(vitest|jest|node)-/.test(word))
  if (unknown !== undefined) return endWith(`There is no ${unknown}.\n\n${help}`, 1)
  return {
    runners: runners.length > 0 ? runners : allRunners,
    nodes: nodes.length > 0 ? nodes : allNodes,
    files: [...others, ...(values.quick ? quick.files : [])],
    testNamePattern: values.t ?? (values.quick ? quick.pattern : undefined),
    mayBeEmpty: others.length > 0 || values.t !== undefined,
    summary: values.summary,
  }
}
