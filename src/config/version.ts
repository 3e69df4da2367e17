import { InvalidOptionError } from '../errors.ts'
import { readWantedVersion } from '../version/wanted.ts'

/** The text of TARANTOOL_FIXTURE_VERSION; undefined if the variable asks for no version. */
export const versionOfEnvironment = (env: NodeJS.ProcessEnv = process.env): string | undefined =>
  env.TARANTOOL_FIXTURE_VERSION?.trim() || undefined

/**
 * Checks the option `version`.
 *
 * @param what the owner of the option in messages: `'TarantoolInstance'`
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
 * @throws InvalidOptionError if the list is empty, or if a version is malformed or occurs twice
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

/** The name of a runner's project for one version: `tarantool 2.11`, after the project's own name. */
export const withVersion = (name: string | undefined, version: string): string =>
  name ? `${name} (tarantool ${version})` : `tarantool ${version}`
