import type { TestProjectInlineConfiguration } from 'vitest/config'
import type { TestProject, Vitest } from 'vitest/node'
import { checkVersions, withVersion } from '../config/version.ts'

// Vitest passes a project's `env` to its workers, so a server that a test starts itself also has the project's version.
const variable = 'TARANTOOL_FIXTURE_VERSION'

/** A project of a Vitest config, for one version of Tarantool. */
export type VersionedProject = TestProjectInlineConfiguration & { readonly test: { readonly name: string } }

function nameOf({ test }: TestProjectInlineConfiguration): string | undefined {
  return typeof test?.name === 'object' ? test.name.label : test?.name
}

/**
 * Makes one project per version, to run one suite against several versions. Each project has the root's options,
 * servers of its version, and the version in its name: `tarantool 2.11`. `vitest --project 'tarantool 3'` runs one
 * project.
 *
 * @param versions values of the option `version`
 * @param project options that all projects share. By default, the projects have the root's options only (`extends:
 *   true`). Its `test.name` comes before the version in each name
 * @throws InvalidOptionError if a version is malformed or occurs twice
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

/** The version of a project; undefined if the project has no version. */
export function versionOf({ config }: TestProject): string | undefined {
  const { [variable]: version } = (config.env ?? {}) as Readonly<Record<string, string | undefined>>
  return version?.trim() || undefined
}

/** The number of versions that the projects of a run have. */
export function countVersions({ projects }: Vitest): number {
  return new Set(projects.flatMap(project => versionOf(project) ?? [])).size
}
