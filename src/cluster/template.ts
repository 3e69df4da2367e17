import type { ResolvedOptions } from '../config/resolve.ts'
import { digestOf } from '../seed/file-digest.ts'
import { hasSeed } from '../seed/seed-task.ts'
import type { TemplateReport } from '../seed/template-store.ts'
import type { MemberReport } from './data-requests.ts'
import type { ClusterPlan } from './plan.ts'

/**
 * True if a cluster has a template: it is seeded, or several instances find each other. A single instance without a seed
 * would not start faster.
 */
export function hasTemplate(shared: ResolvedOptions, { members }: ClusterPlan): boolean {
  return shared.seedTemplate && (hasSeed(shared) || members.instances.length > 1)
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
