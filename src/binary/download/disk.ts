import { statfs } from 'node:fs/promises'
import { DownloadError } from '../../errors.ts'

/** True if a file system is full, or if the user has reached the quota. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
}

/**
 * An error for a file system without room for a download.
 *
 * @param needed bytes, if the number is known
 */
export function diskFull(directory: string, needed?: number, cause?: unknown): DownloadError {
  const what = needed === undefined ? 'a download' : `${Math.ceil(needed / 1e6)} MB`
  return new DownloadError(`the disk is full: ${directory} has no room for ${what}`, {
    hint: 'Set TARANTOOL_FIXTURE_CACHE to a directory on another disk.',
    cause,
  })
}

/**
 * Refuses a download if the file system has no room for it.
 *
 * @param present bytes of the file that have already been downloaded
 */
export async function checkSpace(directory: string, size: number, present: number): Promise<void> {
  const room = await statfs(directory).catch(() => undefined)
  // Some file systems do not report their free space.
  if (room && room.blocks > 0 && room.bavail * room.bsize + present < size) throw diskFull(directory, size)
}
