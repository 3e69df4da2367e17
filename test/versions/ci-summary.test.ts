import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/instances.ts'
import { repository } from '../support/npm.ts'

const none = { passed: 1, failed: 0, skipped: 2, failures: [] }
const noTests = { numPassedTests: 3, numPendingTests: 1, numTodoTests: 1, testResults: [] }

async function summarize(steps: Readonly<Record<string, unknown>>): Promise<{ lines: string[]; exitCode?: number }> {
  const directory = temporaryDirectory()
  for (const [step, results] of Object.entries(steps)) {
    writeFileSync(join(directory, `${step}.json`), JSON.stringify(results))
  }
  const script = join('test', 'support', 'ci-summary.ts')
  const { stdout, exitCode } = await execa(process.execPath, ['--import', 'tsx', script, directory], {
    cwd: repository,
    reject: false,
  })
  return { lines: stdout.split('\n'), ...(exitCode !== undefined && { exitCode }) }
}

test('CI ends with the sum of its steps', async () => {
  const all = { matrix: none, versions: none, others: noTests, spawned: noTests }
  expect(await summarize(all)).toEqual({ lines: ['7 passed, 0 failed, 6 skipped'], exitCode: 0 })
})

test('failed tests are named right before the sum: file, test, and the message without its stack', async () => {
  const failures = [
    { title: '2.6.0 test/log/log.test.ts > finds a line', message: 'Error: no line\n    at x\nCause: Error: no log' },
  ]
  const assertionResults = [
    { status: 'passed', fullName: 'works', failureMessages: [] },
    { status: 'failed', fullName: 'a suite fails', failureMessages: ['\nAssertionError: expected 1\n    at y'] },
  ]
  const testResults = [
    { name: join(repository, 'test/docs/a.test.ts'), status: 'failed', message: '', assertionResults },
    { name: join(repository, 'test/docs/b.test.ts'), status: 'failed', message: 'Cannot find x', assertionResults: [] },
  ]
  const summary = await summarize({
    matrix: none,
    versions: { ...none, failed: 1, failures },
    others: { ...noTests, testResults },
  })
  expect(summary).toEqual({
    lines: [
      '✗ 2.6.0 test/log/log.test.ts > finds a line',
      '    Error: no line',
      '    Cause: Error: no log',
      '✗ test/docs/a.test.ts > a suite fails',
      '    AssertionError: expected 1',
      '✗ test/docs/b.test.ts',
      '    Cannot find x',
      "✗ the step 'spawned'",
      expect.stringContaining('it wrote no results: ENOENT'),
      '4 passed, 4 failed, 4 skipped',
    ],
    exitCode: 1,
  })
})

test('the message of a failed test is bounded; with many, each has its first line', async () => {
  const message = ['Property failed', ...Array.from({ length: 100 }, (_, index) => `line ${index} ${'x'.repeat(50)}`)]
  const failure = { title: 'a test', message: message.join('\n') }
  const withFailures = async (count: number): Promise<string[]> => {
    const failures = Array.from({ length: count }, () => failure)
    const versions = { ...none, failed: count, failures }
    return (await summarize({ matrix: none, versions, others: noTests, spawned: noTests })).lines
  }
  const few = await withFailures(10)
  expect(few.slice(0, 3)).toEqual(['✗ a test', '    Property failed', `    line 0 ${'x'.repeat(50)}`])
  expect(few).toHaveLength(10 * 41 + 1)
  const many = await withFailures(11)
  expect(many.slice(0, 3)).toEqual(['✗ a test', '    Property failed', '✗ a test'])
  expect(many).toHaveLength(11 * 2 + 1)
})
