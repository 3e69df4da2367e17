import { basename } from 'node:path'
import type { Project } from './project.ts'

interface JsonReport {
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly title: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

/** What Vitest's json reporter wrote of one test: `passed`, or how it failed. */
export function outcomes(project: Project, file = 'report.json'): Record<string, string> {
  const { testResults } = JSON.parse(project.read(file)) as JsonReport
  return Object.fromEntries(
    testResults.flatMap(({ assertionResults }) =>
      assertionResults.map(({ title, status, failureMessages }) => [
        title,
        status === 'failed' ? failureMessages.join('\n') : status,
      ]),
    ),
  )
}

/** What is wrong with each test file, by the file's name: errors outside its tests, and in them. */
export function complaints(project: Project, file = 'report.json'): Record<string, string> {
  const { testResults } = JSON.parse(project.read(file)) as JsonReport
  return Object.fromEntries(
    testResults.map(({ name, message, assertionResults }) => [
      basename(name),
      [message, ...assertionResults.flatMap(({ failureMessages }) => failureMessages)].join('\n'),
    ]),
  )
}

/** Arguments that make Vitest write that report, beside what it prints. */
export const withJsonReport: readonly string[] = [
  '--reporter=default',
  '--reporter=json',
  '--outputFile.json=report.json',
]
