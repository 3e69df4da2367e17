import { statSync } from 'node:fs'
import { chmod, readdir, rename, rm, utimes } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { makeStaging, removeStaging, sweepStaging } from '../cache/staging.ts'
import { pathWeakness } from '../trusted-path.ts'
import { digestOf, fileDigest } from './file-digest.ts'
import { copyDataFile, copySnapshot } from './snapshot-files.ts'
import { defaultBounds, pruneTemplates, removeTemplate, type TemplateBounds } from './template-cache.ts'
import { areUnchanged, currentInputs, type NotedInputs, type ServerEnvironment } from './template-inputs.ts'
import { manifestName, readManifest, type TemplateManifest, writeManifest } from './template-manifest.ts'

/** A seeded database that servers can start from. */
export interface Template {
  readonly directory: string
  readonly manifest: TemplateManifest
}

/** A server's report after it made a template's data or started from a template. */
export interface TemplateReport {
  /** The reason why the server has no template. */
  readonly flaw?: string
  readonly digest: string
  readonly parts: Readonly<Record<string, string>>
  /** Files of the snapshot, absolute or relative to the server's directory. */
  readonly files?: readonly string[]
  readonly inputs?: NotedInputs
}

/** The part of a template's origin that is known before a server runs. */
export interface TemplateOrigin {
  readonly key: string
  readonly tarantool: string
  readonly seed: string
  readonly environment: ServerEnvironment
}

/** The templates on disk, shared by all processes of a user. */
export class TemplateStore {
  readonly root: string
  readonly #bounds: TemplateBounds

  constructor(root: string, bounds: TemplateBounds = defaultBounds) {
    this.root = root
    this.#bounds = bounds
  }

  /** The way in which another user could change the templates; undefined if nobody else can. */
  get weakness(): string | undefined {
    return pathWeakness(this.root)
  }

  /**
   * Finds the template for a fingerprint if its input files are unchanged. Removes a template that is damaged or that
   * belongs to another user, and does not return it.
   */
  async find({ key, environment }: TemplateOrigin): Promise<Template | undefined> {
    const names = await readdir(this.root).catch(() => [])
    for (const name of names.filter(name => name.startsWith(shortKey(key)))) {
      const directory = join(this.root, name)
      const manifest = isOurs(directory, ['template.json']) ? readManifest(directory) : undefined
      if (!manifest) {
        await removeTemplate(directory)
        continue
      }
      if (!(await areUnchanged(manifest.inputs, environment))) continue
      if (!isOurs(directory, Object.keys(manifest.files)) || !(await isWhole(directory, manifest))) {
        await removeTemplate(directory)
        continue
      }
      const now = new Date()
      await utimes(directory, now, now).catch(() => {})
      return { directory, manifest }
    }
    return undefined
  }

  /**
   * Keeps the snapshot of a server as a template. If another process made a good template meanwhile, that template
   * stays.
   *
   * @param directory the server's directory
   * @param isCurrent returns true if the origin has not changed since the server started. It is called last
   * @returns undefined if the snapshot was not kept: another template stays, or servers cannot use it
   */
  async keep(
    origin: TemplateOrigin,
    report: TemplateReport,
    directory: string,
    isCurrent: () => Promise<boolean>,
  ): Promise<Template | undefined> {
    const inputs = await currentInputs(report.inputs ?? { files: [], variables: [] }, origin.environment)
    const staging = await makeStaging(this.root, 0o700)
    await sweepStaging(this.root)
    // An earlier version may have made the directory readable for others.
    await chmod(this.root, 0o700).catch(() => {})
    try {
      const files = await copySnapshot(report.files ?? [], directory, staging)
      const bytes = Object.values(files).reduce((sum, { size }) => sum + size, 0)
      const isTooLarge = bytes > this.#bounds.bytes
      const manifest: TemplateManifest = {
        format: 1,
        state: isTooLarge ? 'refused' : 'untried',
        reason: isTooLarge ? `its snapshot of ${bytes} bytes is more than all templates may take` : undefined,
        tarantool: origin.tarantool,
        seed: origin.seed,
        made: new Date().toISOString(),
        digest: report.digest,
        parts: report.parts,
        files: isTooLarge ? {} : files,
        inputs,
      }
      if (isTooLarge) await removeData(staging)
      await writeManifest(staging, manifest)
      if (!(await isCurrent())) return undefined
      const place = join(this.root, `${shortKey(origin.key)}-${digestOf(JSON.stringify(inputs)).slice(0, 16)}`)
      const isPlaced = await rename(staging, place).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
          return false
        },
      )
      await pruneTemplates(this.root, this.#bounds)
      return isPlaced && !isTooLarge ? { directory: place, manifest } : undefined
    } finally {
      await removeStaging(staging)
    }
  }

  /** Records that servers can start from the template. */
  async prove({ directory, manifest }: Template): Promise<void> {
    await writeManifest(directory, { ...manifest, state: 'proven' })
  }

  /** Records that no server should start from the template, and why. Removes its data. */
  async refuse({ directory, manifest }: Template, reason: string): Promise<void> {
    await writeManifest(directory, { ...manifest, state: 'refused', reason, files: {} })
    await removeData(directory)
  }

  /** Removes a template that servers no longer start from. */
  async discard({ directory }: Template): Promise<void> {
    await removeTemplate(directory)
  }
}

/** The template's files cannot be copied: another process removed the template, or the disk is full. */
export class TemplateGoneError extends Error {}

/**
 * Copies the data of a template into the directory of a server that will start from it.
 *
 * @throws TemplateGoneError
 */
export async function copyTemplate({ directory, manifest }: Template, to: string, below = '.'): Promise<void> {
  try {
    const files = Object.keys(manifest.files).filter(file => below === '.' || file.startsWith(`${below}/`))
    for (const file of files) await copyDataFile(join(directory, file), join(to, file))
  } catch (cause) {
    throw new TemplateGoneError((cause as Error).message, { cause })
  }
}

/** Removes a server's snapshot that was made only for a template. */
export async function removeSnapshot({ files = [] }: TemplateReport, directory: string): Promise<void> {
  const snapshots = files
    .filter(file => file.endsWith('.snap'))
    .map(file => relative(directory, resolve(directory, file)))
  await removeFiles(directory, snapshots)
}

const isOurs = (directory: string, files: readonly string[]): boolean =>
  files.every(file => pathWeakness(join(directory, file)) === undefined)

const shortKey = (key: string): string => key.slice(0, 32)

async function removeFiles(directory: string, files: readonly string[]): Promise<void> {
  for (const file of files) await rm(join(directory, file), { force: true }).catch(() => {})
}

async function removeData(template: string): Promise<void> {
  for (const name of await readdir(template)) {
    if (!name.startsWith(manifestName)) await rm(join(template, name), { recursive: true, force: true }).catch(() => {})
  }
}

async function isWhole(directory: string, { files }: TemplateManifest): Promise<boolean> {
  const intact = Object.entries(files).map(async ([file, { size, sha256 }]) => {
    const path = join(directory, file)
    return statSync(path, { throwIfNoEntry: false })?.size === size && (await fileDigest(path)) === sha256
  })
  return (await Promise.all(intact)).every(Boolean)
}
