/** A column of the table: it counts the tests below some directories. */
export interface Group {
  readonly title: string
  /** `test` itself means the files that are not in a subdirectory. */
  readonly directories: readonly string[]
  /** Patterns of the files that count; default: all. */
  readonly include?: readonly string[]
}

/** All tests that talk to a server. Packaging, types and documentation are the same on every Tarantool. */
export const groups: readonly Group[] = [
  { title: 'instances', directories: ['test/instance', 'test/asynctnt', 'test/link', 'test/log', 'test/cluster'] },
  {
    title: 'main process',
    directories: ['test', 'test/binary', 'test/broker', 'test/cache', 'test/cli', 'test/config', 'test/version'],
  },
  { title: 'protocols, handle', directories: ['test/protocol', 'test/handle'] },
  { title: 'isolation, seeds', directories: ['test/isolation', 'test/seed'] },
  {
    title: 'under Vitest and Jest',
    directories: ['test/e2e'],
    include: ['test/e2e/shared/**/*.test.ts', 'test/e2e/{vitest,jest}/{failure,reset-*,seed,isolation*}.test.ts'],
  },
]

/** The files of a group, as patterns. */
export const filesOf = ({ directories, include }: Group): readonly string[] =>
  include ?? directories.map(directory => (directory === 'test' ? 'test/*.test.ts' : `${directory}/**/*.test.ts`))

/** Whether a file belongs to a group. */
export const isIn = ({ directories }: Group, file: string): boolean =>
  directories.some(directory =>
    directory === 'test' ? file.split('/').length === 2 : file.startsWith(`${directory}/`),
  )

/** Whether the tests of a group start runners. */
export const needsRunners = ({ directories }: Group): boolean => directories.includes('test/e2e')

/** The runners of the last group. `npm test` runs other versions of the runners, with one version of Tarantool. */
export const runners = ['vitest-4.1', 'jest-30'] as const
