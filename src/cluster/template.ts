import { basename } from 'node:path'
import type { ResolvedCluster } from '../config/resolve-cluster.ts'
import type { ReadyProgram } from '../instance/start/program.ts'
import { nameOfSeed } from '../instance/start/seed-terms.ts'
import { digestOf } from '../seed/file-digest.ts'
import { hasSeed } from '../seed/seed-task.ts'
import { clusterTemplateKey } from '../seed/template-key.ts'
import type { TemplateOrigin, TemplateReport } from '../seed/template-store.ts'
import type { MemberReport } from './data-requests.ts'
import type { Description } from './description.ts'
import type { ClusterPlan } from './plan.ts'

/**
 * True if a cluster has a template: it is seeded, or several instances find each other. A single instance without a seed
 * would not start faster.
 */
export function hasTemplate({ shared }: ResolvedCluster, { members }: ClusterPlan): boolean {
  return shared.seedTemplate && (hasSeed(shared) || members.instances.length > 1)
}

/** The name of a cluster's data in the list of templates: the application's directory, and the seed. */
export function nameOfData({ application, shared }: ResolvedCluster): string {
  const name = basename(application.directory)
  return hasSeed(shared) ? `${name}: ${nameOfSeed(shared)}` : name
}

/** The origin of a cluster's data. Addresses and directories of the cluster do not count. */
export async function originOf(
  cluster: ResolvedCluster,
  { members, addedUser }: ClusterPlan,
  { config }: Description,
  program: ReadyProgram,
): Promise<TemplateOrigin> {
  const { application, shared } = cluster
  const inputs = {
    directory: application.directory,
    config,
    instances: members.instances.map(({ name }) => name),
    seeded: hasSeed(shared) ? members.seeded.map(({ name }) => name) : [],
    addedUser,
    ready: application.ready,
  }
  return {
    key: await clusterTemplateKey(shared, inputs, program.identity()),
    tarantool: program.name,
    seed: nameOfData(cluster),
    environment: program.environment,
  }
}

/** The reports of the instances, in the order of their replica sets. */
export type MemberReports = ReadonlyMap<string, { readonly replicaset: string; readonly report: MemberReport }>

/** The report of the whole cluster. It has a flaw if the snapshots of a replica set do not have the same changes. */
export function joinReports(reports: MemberReports): TemplateReport {
  const all = [...reports].sort(([a], [b]) => (a < b ? -1 : 1))
  const digest = digestOf(JSON.stringify(all.map(([name, { report }]) => [name, report.digest])))
  const parts = Object.fromEntries(
    all.flatMap(([name, { report }]) =>
      Object.entries(report.parts ?? {}).map(([part, value]) => [`${name}: ${part}`, value]),
    ),
  )
  const unique = (lists: readonly (readonly string[])[]): string[] => [...new Set(lists.flat())].sort()
  const flaw = flawOf(all)
  return {
    ...(flaw !== undefined && { flaw }),
    digest,
    parts,
    files: all.flatMap(([, { report }]) => report.files ?? []),
    inputs: {
      files: unique(all.map(([, { report }]) => report.inputs?.files ?? [])),
      variables: unique(all.map(([, { report }]) => report.inputs?.variables ?? [])),
    },
  }
}

function flawOf(
  all: readonly [string, { readonly replicaset: string; readonly report: MemberReport }][],
): string | undefined {
  const clocks = new Map<string, string | undefined>()
  for (const [name, { replicaset, report }] of all) {
    if (report.flaw !== undefined) return `${name}: ${report.flaw}`
    if (clocks.has(replicaset) && clocks.get(replicaset) !== report.clock) {
      return `the application writes all the time: the snapshots of replica set '${replicaset}' have different data`
    }
    clocks.set(replicaset, report.clock)
  }
  return undefined
}
