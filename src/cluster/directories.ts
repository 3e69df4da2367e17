import { existsSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Keep } from '../config/options.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { forgetKeptCluster, noteKeptCluster } from '../instance/kept/cluster.ts'
import { ownDataFiles } from '../instance/kept/data-files.ts'
import { sweepOnce } from '../instance/owner/sweep.ts'
import { keepDirectory, makeDirectory, removeDirectory } from '../instance/place/directory.ts'
import { markerOf } from '../instance/place/marker.ts'
import { copyTemplate, type Template } from '../seed/template-store.ts'

/** Copies the data that an instance begins with into its directory. */
export type CopyInto = (directory: string, instance: string) => Promise<void>

/** The directory of a cluster, and in it a directory for each instance. */
export class ClusterDirectories {
  /** The directory of the cluster. */
  readonly path: string
  readonly #keep: Keep
  readonly #instances: ReadonlyMap<string, TarantoolInstance>

  /** @param instances by name, also those that the cluster gets later */
  constructor(path: string, { keep, instances }: { keep: Keep; instances: ReadonlyMap<string, TarantoolInstance> }) {
    this.path = path
    this.#keep = keep
    this.#instances = instances
  }

  /** Makes the directory of the cluster. `recreate`: one without the files of an earlier start. */
  make(recreate: boolean): void {
    sweepOnce(this.path)
    if (recreate) removeDirectory(this.path)
    if (!markerOf(this.path)) this.#make(this.path)
    forgetKeptCluster(this.path)
  }

  /** Makes the directories of the instances, and lets a function copy data into each. */
  async fill(copyInto: CopyInto): Promise<void> {
    for (const { workDir } of this.#instances.values()) this.#make(workDir)
    for (const [name, { workDir }] of this.#instances) await copyInto(workDir, name)
  }

  /** Makes the directories of the instances, and copies a template into them. @throws TemplateGoneError */
  async copy(template: Template): Promise<void> {
    await this.fill(async () => {})
    await copyTemplate(template, this.path)
  }

  /**
   * Replaces the data of instances that have ended by that of a template, or removes it.
   *
   * @throws TemplateGoneError
   */
  async replaceData(template: Template | undefined, instances: readonly TarantoolInstance[]): Promise<void> {
    const copies = instances.map(async ({ workDir }) => {
      // The directory of an empty start that failed is gone.
      if (!existsSync(workDir)) this.#make(workDir)
      for (const file of ownDataFiles(workDir)) rmSync(join(workDir, file), { force: true })
      if (template) await copyTemplate(template, this.path, relative(this.path, workDir))
    })
    await Promise.all(copies)
  }

  /** Removes the directories, unless the option `keep` keeps them. */
  clean({ hasFailed }: { hasFailed: boolean }): void {
    const instances = [...this.#instances.values()]
    const failed = hasFailed || instances.some(({ state }) => state === 'failed')
    const isKept = this.#keep === 'always' || (this.#keep === 'on-failure' && failed)
    const finish = isKept ? keepDirectory : removeDirectory
    for (const { workDir } of instances) finish(workDir)
    finish(this.path)
    if (isKept) this.#noteKept(failed)
  }

  #noteKept(failed: boolean): void {
    for (const instance of this.#instances.values()) instance.noteKept()
    if (!existsSync(this.path)) return
    const reason = failed ? 'a test or an instance failed' : "keep: 'always'"
    noteKeptCluster(this.path, { reason, keep: this.#keep }, [...this.#instances.keys()])
  }

  #make(directory: string): void {
    makeDirectory(directory, { keep: this.#keep === 'always' })
  }
}
