// Reads the results of CI's steps from a directory, and prints the failed tests and the numbers. .ci/run calls this file.
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import process from 'node:process'
import type { Failure, Summary } from './results.ts'

/** The part of the output of Vitest's reporter `json` that is read here. */
interface VitestResults {
  readonly numPassedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

const [directory = '.'] = process.argv.slice(2)

function ofVitest({ testResults, ...numbers }: VitestResults): Summary {
  const failures = testResults.flatMap(({ name, status, message, assertionResults }): Failure[] => {
    const file = relative(process.cwd(), name)
    const failed = assertionResults.filter(test => test.status === 'failed')
    const ofTests = failed.map(({ fullName, failureMessages: [text = ''] }) => ({
      title: `${file} > ${fullName}`,
      message: text,
    }))
    // A file that could not be loaded, or one of its hooks, has failed outside of its tests.
    return status === 'failed' && ofTests.length === 0 ? [{ title: file, message }] : ofTests
  })
  return {
    passed: numbers.numPassedTests,
    failed: failures.length,
    skipped: numbers.numPendingTests + numbers.numTodoTests,
    failures,
  }
}

// A step that crashed has written nothing.
function read(step: string): Summary {
  try {
    const found = JSON.parse(readFileSync(join(directory, `${step}.json`), 'utf8')) as Summary | VitestResults
    return 'testResults' in found ? ofVitest(found) : found
  } catch (error) {
    const missing = [{ title: `the step '${step}'`, message: `it wrote no results: ${(error as Error).message}` }]
    return { passed: 0, failed: 1, skipped: 0, failures: missing }
  }
}

// What a failure may print. Whoever reads CI's log may have nothing else of a failure that is seldom: for example the seed
// and the program of a property. With many failures the log's end has place for less.
const few = 10
const most = { lines: 40, characters: 3000 }

/** The lines of a message that tell most, less the frames of its stack. */
function excerpt(text: string, { lines, characters }: typeof most): string {
  const told = text.split('\n').filter(line => line.trim() !== '' && !/^ +(at|❯) /.test(line))
  return told.slice(0, lines).join('\n').trim().slice(0, characters).replaceAll('\n', '\n    ')
}

const matrix = read('matrix')
const steps = ['versions', 'others', 'spawned'].map(read)
const failures = [matrix, ...steps].flatMap(({ failures }) => failures)
const limits = failures.length <= few ? most : { lines: 1, characters: 200 }
for (const { title, message } of failures) console.log(`✗ ${title}\n    ${excerpt(message, limits)}`)
const sum = (count: (summary: Summary) => number): number => steps.reduce((total, step) => total + count(step), 0)
// The tests of the matrix are among the others. Only their failures count.
const failed = sum(step => step.failed) + matrix.failed
console.log(`${sum(step => step.passed)} passed, ${failed} failed, ${sum(step => step.skipped)} skipped`)
if (failed > 0) process.exitCode = 1
