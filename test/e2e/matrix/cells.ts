import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import semver from 'semver'
import { repository } from '../../support/npm.ts'
import { installDirectory, isJest, nodeDirectory, type Runner } from '../support/runners.ts'

/** A runner on a Node. */
export interface Cell {
  readonly runner: Runner
  /** The version of npm's `node` package that was asked for: `24`. */
  readonly node: string
  /** Whose `engines` do not have this Node; it is not run then. */
  readonly refusal: string | undefined
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly engines?: { readonly node?: string }
}

function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest
}

function manifestOf(runner: Runner): Manifest {
  return readManifest(join(installDirectory(runner), 'node_modules', isJest(runner) ? 'jest' : 'vitest'))
}

/** The version that is installed: `Vitest 4.1.12`. */
export function titleOf(runner: Runner): string {
  const { name, version } = manifestOf(runner)
  return `${name === 'jest' ? 'Jest' : 'Vitest'} ${version}`
}

/** The version that is installed: `24.1.0`. */
export function nodeVersion(node: string): string {
  return readManifest(join(nodeDirectory(node), 'node_modules', 'node')).version
}

/** All cells of some installed runners and Nodes. */
export function cellsOf(runners: readonly Runner[], nodes: readonly string[]): Cell[] {
  const refusalOf = (runner: Runner, node: string): string | undefined => {
    const refusing = [manifestOf(runner), readManifest(repository)].find(
      ({ engines }) => engines?.node !== undefined && !semver.satisfies(nodeVersion(node), engines.node),
    )
    return refusing && `${refusing.name} ${refusing.version} is for Node ${refusing.engines?.node}`
  }
  return runners.flatMap(runner => nodes.map(node => ({ runner, node, refusal: refusalOf(runner, node) })))
}
