import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TarantoolCluster } from '../../cluster/cluster.ts'
import type { ClusterConfig, ConfigValue } from '../../config/application-options.ts'
import { withConfig } from '../../config/replacement-config.ts'
import type { OverlayEntry } from '../../config/resolve-application.ts'
import { resolveCluster } from '../../config/resolve-cluster.ts'
import { TarantoolFixtureError } from '../../errors.ts'
import { keptConfigOf } from '../../instance/kept/application.ts'
import type { DataFiles } from '../../instance/kept/data-files.ts'
import type { KeptManifest } from '../../instance/kept/manifest.ts'
import { copyDataFile } from '../../seed/snapshot-files.ts'
import { findHere } from './find-here.ts'

/** The kept data of one instance of a cluster. */
export interface KeptMember {
  readonly directory: string
  readonly kept: KeptManifest
  readonly data: DataFiles
}

const isMap = (value: ConfigValue | undefined): value is ClusterConfig =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const entriesOf = (value: ConfigValue | undefined): [string, ConfigValue][] =>
  isMap(value) ? Object.entries(value) : []

/** The path of the replica set of an instance in its config. */
function replicasetPath(config: ClusterConfig, instance: string): string[] | undefined {
  for (const [group, itsConfig] of entriesOf(config.groups)) {
    for (const [name, replicaset] of entriesOf(isMap(itsConfig) ? itsConfig.replicasets : undefined)) {
      const names = entriesOf(isMap(replicaset) ? replicaset.instances : undefined).map(([key]) => key)
      if (names.includes(instance)) return ['groups', group, 'replicasets', name]
    }
  }
  return undefined
}

// Nobody else can lead, vote, or confirm a write to a synchronous space.
const aloneOverlay = (replicaset: readonly string[]): OverlayEntry[] => [
  { path: ['replication', 'failover'], value: 'off' },
  { path: ['replication', 'election_mode'], value: null },
  { path: ['replication', 'bootstrap_strategy'], value: null },
  { path: ['replication', 'synchro_quorum'], value: 1 },
  { path: ['database', 'mode'], value: 'rw' },
  { path: [...replicaset, 'leader'], value: null },
  { path: [...replicaset, 'bootstrap_leader'], value: null },
]

function readConfig(directory: string): ClusterConfig | undefined {
  const file = keptConfigOf(directory)
  try {
    // The fixture writes JSON. Any other file is not the config of this instance.
    return file === undefined ? undefined : (JSON.parse(readFileSync(file, 'utf8')) as ClusterConfig)
  } catch {
    return undefined
  }
}

/**
 * Starts one instance of a cluster with its config and its application, but without the other instances. It has a copy of
 * the data, and is writable.
 *
 * @returns the cluster of this instance, or the reason why it cannot run alone
 */
export async function startAlone(
  { directory, kept, data }: KeptMember,
  version: string | undefined,
): Promise<TarantoolCluster | string> {
  const { instance = '', application } = kept
  const config = readConfig(directory)
  const replicaset = config && replicasetPath(config, instance)
  if (application === undefined || replicaset === undefined) return 'its config is not here'
  if (application.needsOthers !== undefined) return application.needsOthers
  const app = findHere(application.directory)
  if (app === undefined) return `the application is not here (${application.directory.file})`
  let cluster: TarantoolCluster | undefined
  try {
    const { application: own, shared } = resolveCluster({ app, instances: [instance], version, quiet: true })
    const alone = withConfig({ ...own, set: aloneOverlay(replicaset) }, config)
    cluster = TarantoolCluster.of({ application: alone, shared })
    return await cluster.startWith(async workDir => {
      for (const file of data.files) await copyDataFile(join(data.root, file), join(workDir, file))
    })
  } catch (error) {
    await cluster?.stop()
    if (!(error instanceof TarantoolFixtureError)) throw error
    return `the application does not start alone: ${error.summary}`
  }
}
