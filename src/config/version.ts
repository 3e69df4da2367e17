import { InvalidOptionError } from '../errors.ts'
import { readWantedVersion } from '../version/wanted.ts'

/** The version that TARANTOOL_FIXTURE_VERSION asks for, as it stands there; undefined if it asks for none. */
export const versionOfEnvironment = (env: NodeJS.ProcessEnv = process.env): string | undefined =>
  env.TARANTOOL_FIXTURE_VERSION?.trim() || undefined

/**
 * Checks the option `version`.
 *
 * @param what whose option it is: `'TarantoolInstance'`
 * @throws InvalidOptionError if it is malformed, or too old
 */
export function checkVersion(what: string, version: string | undefined): void {
  if (version === undefined) return
  try {
    readWantedVersion(version, 'version')
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error
    throw new InvalidOptionError(`${what}: option ${error.summary}`, { hint: error.hint })
  }
}

/**
 * Checks a list of versions to run one suite against.
 *
 * @param what the function that got the list
 * @throws InvalidOptionError if one is malformed or there twice, and if there is none
 */
export function checkVersions(what: string, versions: readonly string[]): void {
  if (!Array.isArray(versions) || versions.length === 0) {
    throw new InvalidOptionError(`${what}: the first argument must be a list of at least one version`, {
      hint: `For example ${what}(['2.11', '3']).`,
    })
  }
  for (const version of versions) {
    if (typeof version !== 'string') {
      throw new InvalidOptionError(`${what}: a version must be a text such as '2.11', not ${JSON.stringify(version)}`)
    }
    checkVersion(what, version)
  }
  const twice = versions.find((version, index) => versions.indexOf(version) !== index)
  if (twice !== undefined) throw new InvalidOptionError(`${what}: version '${twice}' is in the list twice`)
}

/** The name of a runner's project for one version: `tarantool 2.11`, after the name that the project has anyway. */
export const withVersion = (name: string | undefined, version: string): string =>
  name ? `${name} (tarantool ${version})` : `tarantool ${version}`
