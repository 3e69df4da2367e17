import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ConfigMode } from '../../config/config-mode.ts'
import type { KeptApplication } from './manifest.ts'
import { placeInProject } from './project-place.ts'

/** The file with the config of an instance of a cluster. */
export const keptConfigFile = 'config.yaml'

/** The application of an instance, for somebody who opens the instance's data. */
export function keptApplication({ appDir, isRouter, isAnonymous }: ConfigMode): KeptApplication {
  const needsOthers = isRouter
    ? 'a router of vshard needs its storages'
    : isAnonymous
      ? 'an anonymous replica needs its replica set'
      : undefined
  return { directory: placeInProject(appDir), needsOthers }
}

/** The path of the config of a kept instance: in its directory, or in that of its cluster. */
export function keptConfigOf(directory: string): string | undefined {
  return [directory, dirname(directory)].map(place => join(place, keptConfigFile)).find(path => existsSync(path))
}
