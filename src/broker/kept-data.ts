import { dirname } from 'node:path'
import { pruneKept } from '../instance/kept/directories.ts'
import type { KeptData } from './failed-server.ts'

/**
 * Keeps the data of a failed test. Never fails: the answer says why nothing is kept.
 *
 * @param keep writes the data, and returns the path of the new directory
 */
export async function keepForTest(keep: () => Promise<string>): Promise<KeptData> {
  try {
    const directory = await keep()
    await pruneKept(dirname(directory))
    return { directory }
  } catch (error) {
    return { reason: (error as Error).message.split('\n')[0] ?? '' }
  }
}
