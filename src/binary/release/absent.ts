import { DownloadError, VersionNotFoundError } from '../../errors.ts'
import type { Client } from '../download/client.ts'
import { withoutSecrets } from '../download/failure.ts'
import { defaultVersion, nearestVersions } from '../wanted.ts'
import type { Question } from './asked.ts'
import { fetchReleases, type Release } from './index-files.ts'
import { hasRepository, type Repository, repositoryFor } from './repository.ts'

const textOf = ({ text }: { readonly text: string }): string => text

function details(question: Question, releases: readonly Release[]): { nearest: string[]; hint?: string } {
  const nearest = nearestVersions(releases, question.wanted).map(textOf)
  return nearest.length === 0 ? { nearest } : { nearest, hint: `The nearest that there are: ${nearest.join(', ')}` }
}

/** All releases of the newer series that a system can have. Best effort: they only help to name another version. */
async function otherReleases(client: Client, question: Question, signal: AbortSignal): Promise<Release[]> {
  const { system, mirror } = question
  const series = [{ text: '2', major: 2 }, defaultVersion].filter(wanted => hasRepository(wanted, system))
  const found = series.map(async wanted => {
    const releases = fetchReleases(client, repositoryFor(wanted, system, mirror), { signal })
    return (await releases.catch(() => undefined)) ?? []
  })
  return (await Promise.all(found)).flat()
}

/**
 * The error for a wanted version that a repository does not have.
 *
 * @param releases that the repository has; undefined if there is no such repository
 */
export async function absentRelease(
  client: Client,
  question: Question,
  { base, distribution, architecture, isStatic }: Repository,
  releases: readonly Release[] | undefined,
  signal: AbortSignal,
): Promise<Error> {
  const { wanted, system } = question
  const place = withoutSecrets(new URL(`dists/${distribution}/`, base))
  if (releases && releases.length > 0) {
    const what = `there is no Tarantool ${wanted.text} in ${withoutSecrets(base)}`
    return new VersionNotFoundError(what, details(question, releases))
  }
  // The vendor has this one, so the server is not the vendor's, or no mirror of it.
  if (!releases && isStatic && wanted.major === defaultVersion.major) {
    return new DownloadError(`${place}Release answers 404: it is not a mirror of the vendor's releases`)
  }
  const where = [isStatic ? [] : distribution, architecture].flat().join(', ')
  const what = `there is no build of Tarantool ${wanted.text} for ${system.name} (${where}): ${place} has none`
  return new VersionNotFoundError(what, details(question, await otherReleases(client, question, signal)))
}
