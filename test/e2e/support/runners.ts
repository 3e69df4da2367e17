import { join } from 'node:path'
import process from 'node:process'
import { repository } from '../../support/npm.ts'

/** Where runners and what they run on are installed, once for all runs of the tests. */
export const cache: string = join(repository, 'node_modules', '.cache', 'e2e')

/** A test runner of one version, under a Node that it runs on. */
export interface Runner {
  readonly name: string
  readonly packages: Readonly<Record<string, string>>
  /** A version of npm's `node` package; default: the Node that runs the tests. */
  readonly node?: string
}

// Vite 8.4.0 has an optional dependency that no registry has, without which Yarn installs nothing.
const vite = '~8.3.8'

const allVitests: readonly Runner[] = [
  { name: 'vitest-3.2', packages: { vitest: '~3.2.7' } },
  { name: 'vitest-4.1', packages: { vitest: '~4.1.12', vite } },
  // Its Vite is a peer dependency, which Yarn does not install by itself.
  { name: 'vitest-5.1', packages: { vitest: '~5.1.1', vite }, node: '24' },
]

// What projects translate their tests with.
const transformers = {
  '@babel/plugin-transform-modules-commonjs': '^7.29.0',
  '@swc/core': '^1.15.0',
  '@swc/jest': '^0.2.39',
  'ts-jest': '^29.4.0',
  typescript: '~5.9.3',
}

const allJests: readonly Runner[] = [
  { name: 'jest-29', packages: { jest: '~29.7.0', 'jest-environment-jsdom': '~29.7.0', ...transformers } },
  { name: 'jest-30', packages: { jest: '~30.5.0', 'jest-environment-jsdom': '~30.5.0', ...transformers } },
]

/** Every runner, whatever a run of the tests has chosen. */
export const allRunners: readonly Runner[] = [...allVitests, ...allJests]

/**
 * What a run of the matrix chooses, as variables of the environment: the runners' names, and the Node that they run on.
 * Without it there are all of them, each on the Node above.
 */
export interface Choice {
  readonly E2E_RUNNERS: string
  /** Default: each runner's own value. */
  readonly E2E_NODE?: string
}

function chosen(runners: readonly Runner[]): readonly Runner[] {
  const { E2E_RUNNERS: names, E2E_NODE: node } = process.env as Partial<Choice>
  if (names === undefined) return runners
  const named = runners.filter(({ name }) => names.split(',').includes(name))
  return node === undefined ? named : named.map(runner => ({ ...runner, node }))
}

/** The Vitests to test with: of a run of the matrix, those that it has chosen. */
export const vitests: readonly Runner[] = chosen(allVitests)

/** The same of Jest. */
export const jests: readonly Runner[] = chosen(allJests)

// A run of the matrix gives each version all tests.
const isMatrix = 'E2E_NODE' in process.env

const newest = (kind: readonly Runner[]): readonly Runner[] => (isMatrix ? kind : kind.slice(-1))

/** For tests of Vitest's adapter that do the same under every version of Vitest. */
export const newestVitest: readonly Runner[] = newest(vitests)

/** One runner of each kind: for tests of what a server does, which is the same under every version of the runner. */
export const oneOfEach: readonly Runner[] = [...newestVitest, ...newest(jests)]

/**
 * The cases of a table that a runner takes. Each case runs under one Vitest and one Jest, and the versions take turns: that
 * is for code that all versions share.
 *
 * @param among the runners that take turns; default: all versions of the runner's kind
 */
export function inTurn<Case>(
  runner: Runner,
  cases: readonly Case[],
  among: readonly Runner[] = isJest(runner) ? jests : vitests,
): Case[] {
  if (isMatrix) return [...cases]
  // The newest version takes the first case.
  const turn = among.length - 1 - among.indexOf(runner)
  return cases.filter((_, index) => index % among.length === turn)
}

/** The directory in which a runner and the packed package are installed. */
export function installDirectory({ name }: Runner): string {
  return join(cache, name)
}

export const isJest = ({ packages }: Runner): boolean => 'jest' in packages

/** The script that is a runner's command line. */
export function scriptOf(runner: Runner): string {
  const script = isJest(runner) ? 'jest/bin/jest.js' : 'vitest/vitest.mjs'
  return join(installDirectory(runner), 'node_modules', script)
}

/** The directory in which a Node is installed, for all runners. */
export function nodeDirectory(version: string): string {
  return join(cache, `node-${version}`)
}

/** The Node that a runner is run with. */
export function nodeOf({ node }: Pick<Runner, 'node'>): string {
  return node === undefined ? process.execPath : join(nodeDirectory(node), 'node_modules', 'node', 'bin', 'node')
}
