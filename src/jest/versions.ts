import { checkVersions, withVersion } from '../config/version.ts'
import type { JestProject, VersionedProject } from './types.ts'

// The globals are the one part of a project's config that reaches both the global setup and the test files.
const key = 'tarantool-fixture'

/**
 * The version of a project, and the versions of all projects that share its global setup. Jest runs the setup for one
 * of them only.
 */
interface ProjectVersions {
  readonly version: string
  readonly versions: readonly string[]
}

const nameOf = ({ displayName }: JestProject): string | undefined =>
  typeof displayName === 'object' ? displayName.name : displayName

/**
 * Makes one project per version, to run one suite against several versions. Each project has servers of its version,
 * and the version in its name: `tarantool 2.11`. `jest --selectProjects 'tarantool 3'` runs one project.
 *
 * @param versions values of the option `version`
 * @param project options that all projects share, since Jest copies nothing from the root's config. Default: the preset
 *   `'tarantool-fixture'`. Its `displayName` comes before the version in each name
 * @throws InvalidOptionError if a version is malformed or occurs twice
 * @example
 * // jest.config.js
 * module.exports = { projects: tarantoolVersions(['2.11', '3']) }
 */
export function tarantoolVersions(versions: readonly string[], project: JestProject = {}): VersionedProject[] {
  checkVersions('tarantoolVersions', versions)
  const preset = 'tarantool-fixture'
  const usesPreset = project.preset === preset || !(project.preset || project.globalSetup)
  const common = usesPreset
    ? { ...project, preset }
    : {
        globalSetup: 'tarantool-fixture/jest/setup',
        globalTeardown: 'tarantool-fixture/jest/teardown',
        ...project,
        setupFiles: ['tarantool-fixture/jest/worker', ...(project.setupFiles ?? [])],
      }
  return versions.map(version => ({
    ...common,
    displayName: withVersion(nameOf(project), version),
    globals: { ...project.globals, [key]: { version, versions } satisfies ProjectVersions },
  }))
}

/** The versions in the globals of a project: its own, and all of them. */
export function versionsIn(globals: object | undefined): ProjectVersions | undefined {
  return (globals as { [key]?: ProjectVersions } | undefined)?.[key]
}
