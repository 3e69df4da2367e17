import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { ownVersion } from '../../package-files.ts'
import { type KeptManifest, keptFile, keptFormat, plannedFile } from './manifest.ts'

/** The facts that the kept directory of a cluster shares with those of its instances. */
export type KeptClusterFacts = {
  readonly [Fact in 'test' | 'testFile' | 'server' | 'tarantool' | 'reason' | 'keep']?: KeptManifest[Fact] | undefined
}

/** A kept directory of a cluster. */
export interface KeptCluster extends KeptClusterFacts {
  readonly made?: string | undefined
  /** The names of the instances. Each has a directory of this name, which is kept by itself. */
  readonly members: readonly string[]
}

const description = v.object({
  test: v.optional(v.string()),
  testFile: v.optional(v.string()),
  made: v.optional(v.string()),
  server: v.optional(v.string()),
  tarantool: v.optional(v.string()),
  reason: v.optional(v.string()),
  keep: v.optional(v.picklist(['never', 'on-failure', 'always'])),
  members: v.array(v.string()),
})

/** Describes the directory of a cluster. The directories of its instances have descriptions of their own. */
export function noteKeptCluster(directory: string, facts: KeptClusterFacts, members: readonly string[]): void {
  const made = new Date().toISOString()
  const manifest = { format: keptFormat, made, fixture: ownVersion(), node: process.versions.node, ...facts, members }
  writeFileSync(join(directory, keptFile), `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 })
}

/** Called before a cluster starts in a directory. */
export function forgetKeptCluster(directory: string): void {
  rmSync(join(directory, keptFile), { force: true })
}

function describedIn(directory: string): KeptCluster | undefined {
  try {
    const result = v.safeParse(description, JSON.parse(readFileSync(join(directory, keptFile), 'utf8')))
    return result.success ? result.output : undefined
  } catch {
    return undefined
  }
}

// The owner may have died, or somebody may have copied only some instances.
function membersIn(directory: string): string[] {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(directory)
    .filter(name => [keptFile, plannedFile].some(file => existsSync(join(directory, name, file))))
    .sort()
}

/** Reads the description of a cluster's directory. Undefined if the directory is not one of a cluster. */
export function readKeptCluster(directory: string): KeptCluster | undefined {
  const members = membersIn(directory)
  const described = describedIn(directory)
  return described || members.length > 0 ? { ...described, members } : undefined
}
