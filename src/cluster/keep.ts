import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { copyFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { TarantoolInstance } from '../instance/instance.ts'
import { keptConfigFile } from '../instance/kept/application.ts'
import { noteKeptCluster } from '../instance/kept/cluster.ts'
import { copyData, type Keeping, type KeptFor, writeData } from '../instance/kept/keep.ts'
import { clusterReadmeOf } from '../instance/kept/readme.ts'
import { keepDirectory, makeDirectory, newDirectoryPath, removeDirectory } from '../instance/place/directory.ts'
import type { ClusterDirectories } from './directories.ts'
import type { ClusterInstances } from './instances.ts'
import type { ClusterPlan } from './plan.ts'

/** A cluster whose data is kept. */
export interface KeptParts {
  readonly plan: ClusterPlan
  readonly instances: ClusterInstances
  readonly directories: ClusterDirectories
}

/**
 * Keeps the data of all instances as it is now, in a directory of its own with a directory for each instance. The cluster
 * goes on. An instance that writes no snapshot leaves a copy of its files.
 *
 * @param place the parent of the new directory. Default: that of the cluster's directory
 * @returns the path of the new directory
 * @throws an error of the file system. Nothing is left then
 */
export async function keepCluster(
  { plan, instances, directories }: KeptParts,
  about: KeptFor,
  place: string = dirname(directories.path),
): Promise<string> {
  const directory = newDirectoryPath(place)
  makeDirectory(directory, { keep: false })
  try {
    const keepings = plan.instanceOptions().flatMap(([name, options]): Keeping[] => {
      const instance = instances.byName.get(name)
      return instance ? [{ instance, options, directory: join(directory, name) }] : []
    })
    await Promise.all(keepings.map(keeping => keepMember(keeping, about)))
    await describe(directory, about, instances)
    keepDirectory(directory)
    return directory
  } catch (error) {
    removeDirectory(directory)
    throw error
  }
}

async function keepMember(keeping: Keeping, about: KeptFor): Promise<void> {
  const { instance, directory } = keeping
  mkdirSync(directory, { mode: 0o700 })
  try {
    if (!instance.isRunning) throw new Error('the instance did not run')
    await writeData(keeping, about)
  } catch (error) {
    rmSync(directory, { recursive: true })
    mkdirSync(directory, { mode: 0o700 })
    await copyData(keeping, about, (error as Error).message.split('\n')[0] ?? '')
  }
  const configFile = keeping.options.configMode?.configFile
  // In each directory, because somebody may copy the directory of one instance.
  if (configFile !== undefined && existsSync(configFile)) await copyFile(configFile, join(directory, keptConfigFile))
}

async function describe(directory: string, about: KeptFor, { byName, all }: ClusterInstances): Promise<void> {
  const facts = { ...about, tarantool: versionOf(all) }
  const members = [...byName.keys()]
  noteKeptCluster(directory, facts, members)
  await writeFile(join(directory, 'README.md'), clusterReadmeOf(facts, members), { mode: 0o600 })
}

const versionOf = (instances: readonly TarantoolInstance[]): string =>
  String(instances.find(({ isRunning }) => isRunning)?.version() ?? '')
