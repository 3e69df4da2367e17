import { DownloadError, VersionNotFoundError } from '../../errors.ts'
import { defaultVersion, nameOf, nearestVersions } from '../../version/wanted.ts'
import type { Client } from '../download/client.ts'
import { withoutSecrets } from '../download/failure.ts'
import type { Question } from './asked.ts'
import { fetchReleases, type Index, type Release } from './index-files.ts'
import { hasRepository, layoutAsOf, type Repository, repositoryFor, vendor } from './repository.ts'

const textOf = ({ text }: { readonly text: string }): string => text

function details(question: Question, releases: readonly Release[]): { nearest: string[]; hint?: string } {
  const nearest = nearestVersions(releases, question.wanted).map(textOf)
  return nearest.length === 0 ? { nearest } : { nearest, hint: `Nearest releases: ${nearest.join(', ')}` }
}

/** All releases of the newer series for a system. Best effort, because they only help to name another version. */
async function otherReleases(client: Client, question: Question, signal: AbortSignal): Promise<Release[]> {
  const { system, mirror } = question
  const series = [{ text: '2', major: 2 }, defaultVersion].filter(wanted => hasRepository(wanted, system))
  const found = series.map(async wanted => {
    const index = fetchReleases(client, repositoryFor(wanted, system, mirror), { signal })
    return await index.then(
      ({ releases }) => releases,
      () => [],
    )
  })
  return (await Promise.all(found)).flat()
}

/** The error for a wanted version that a repository does not have. */
export async function absentRelease(
  client: Client,
  question: Question,
  { base, distribution, architecture, isStatic }: Repository,
  { releases, lack }: Index,
  signal: AbortSignal,
): Promise<Error> {
  const { wanted, system, mirror } = question
  if (lack === undefined) {
    const what = `there is no Tarantool ${nameOf(wanted)} in ${withoutSecrets(base)}`
    return new VersionNotFoundError(what, details(question, releases))
  }
  // The vendor has these builds. So the server is not the vendor's, or the vendor's layout is not the expected one.
  if (isStatic && wanted.major <= defaultVersion.major) {
    const hint = 'Set TARANTOOL_BIN to a Tarantool of your own, which needs no download.'
    return mirror === vendor
      ? new DownloadError(`${lack}: the vendor may have changed the layout since ${layoutAsOf}`, { hint })
      : new DownloadError(`${lack}: it is not a mirror of the vendor's releases`, { hint })
  }
  const where = [isStatic ? [] : distribution, architecture].flat().join(', ')
  const what = `there is no build of Tarantool ${nameOf(wanted)} for ${system.name} (${where}): ${lack}`
  const others = details(question, await otherReleases(client, question, signal))
  return new VersionNotFoundError(what, { ...others, isElsewhere: !isStatic })
}
