import { dirname } from 'node:path'
import type { AnyCluster } from '../cluster/any-cluster.ts'
import { pruneKept } from '../instance/kept/directories.ts'
import type { KeptFor } from '../instance/kept/keep.ts'
import type { KeptData } from './messages.ts'

/** Keeps the data of a failed test. Never fails: the answer says why nothing is kept. */
export async function keepData(cluster: AnyCluster, about: KeptFor, place?: string): Promise<KeptData> {
  try {
    const directory = await cluster.keepData(about, place)
    await pruneKept(dirname(directory))
    return { directory }
  } catch (error) {
    return { reason: (error as Error).message.split('\n')[0] ?? '' }
  }
}
