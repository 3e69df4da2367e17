import type { TestProjectInlineConfiguration } from 'vitest/config'
import type { TestProject, Vitest } from 'vitest/node'
import { checkVersions, withVersion } from '../config/version.ts'

// Vitest gives its workers what a project has in `env`, so that a server that a test starts itself is of that version, too.
const variable = 'TARANTOOL_FIXTURE_VERSION'

/** A project of a Vitest config, for one version of Tarantool. */
export type VersionedProject = TestProjectInlineConfiguration & { readonly test: { readonly name: string } }

function nameOf({ test }: TestProjectInlineConfiguration): string | undefined {
  return typeof test?.name === 'object' ? test.name.label : test?.name
}

/**
 * Makes a project of each version, to run one suite against several. Each has the root's options, servers of its version,
 * and its version in the name: `tarantool 2.11`. `vitest --project 'tarantool 3'` runs one of them.
 *
 * @param versions what the option `version` takes
 * @param project what the projects have in common. By default they have the root's options only (`extends: true`); a
 *   `test.name` in it comes before the version
 * @throws InvalidOptionError if a version is malformed or there twice
 * @example
 * // vitest.config.ts
 * export default defineConfig({
 *   test: { globalSetup: './test/tarantool.ts', projects: tarantoolVersions(['2.11', '3']) },
 * })
 */
export function tarantoolVersions(
  versions: readonly string[],
  project: TestProjectInlineConfiguration = {},
): VersionedProject[] {
  checkVersions('tarantoolVersions', versions)
  return versions.map(version => ({
    extends: true,
    ...project,
    test: {
      ...project.test,
      name: withVersion(nameOf(project), version),
      env: { ...project.test?.env, [variable]: version },
    },
  }))
}

/** The version that a project is for; undefined if it is for none. */
export function versionOf({ config }: TestProject): string | undefined {
  const { [variable]: version } = (config.env ?? {}) as Readonly<Record<string, string | undefined>>
  return version?.trim() || undefined
}

/** How many versions the projects of a run are for. */
export function countVersions({ projects }: Vitest): number {
  return new Set(projects.flatMap(project => versionOf(project) ?? [])).size
}
