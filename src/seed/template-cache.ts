import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheRoot } from '../cache/root.ts'
import { readManifest, type TemplateManifest } from './template-manifest.ts'

/** Limits for the templates in the cache. The least recently used templates are removed first. */
export interface TemplateBounds {
  readonly count: number
  readonly bytes: number
}

export const defaultBounds: TemplateBounds = { count: 32, bytes: 2 ** 30 }

/** A template in the cache. */
export interface CachedTemplate {
  readonly directory: string
  readonly manifest: TemplateManifest
  /** Size of the template's data. */
  readonly bytes: number
  readonly lastUsed: Date
}

/**
 * Name of a template's directory: digests of its fingerprint and of its inputs. Other directories in the cache belong
 * to other code.
 */
const templateName = /^[0-9a-f]{32}-[0-9a-f]{16}$/

/** The directory of templates in the cache; undefined if the user has no cache. */
export function templatesRoot(env: NodeJS.ProcessEnv = process.env, cwd: string = process.cwd()): string | undefined {
  const root = cacheRoot(env, cwd)
  return root === undefined ? undefined : join(root, 'templates')
}

/** Lists the templates of a cache, the most recently used first. Other directories are skipped. */
export async function listTemplates(root: string): Promise<CachedTemplate[]> {
  const names = await readdir(root).catch(() => [])
  const templates = names
    .filter(name => templateName.test(name))
    .flatMap(name => {
      const directory = join(root, name)
      const manifest = readManifest(directory)
      const status = statSync(directory, { throwIfNoEntry: false })
      if (!manifest || !status) return []
      const bytes = Object.values(manifest.files).reduce((sum, { size }) => sum + size, 0)
      return [{ directory, manifest, bytes, lastUsed: status.mtime }]
    })
  return templates.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime())
}

/** Removes a template. For other processes it disappears in one step, because it is renamed first. */
export async function removeTemplate(directory: string): Promise<void> {
  const aside = join(directory, '..', `.removed-${process.pid}-${randomBytes(4).toString('hex')}`)
  const moved = await rename(directory, aside).then(
    () => true,
    () => false,
  )
  if (moved) await rm(aside, { recursive: true, force: true }).catch(() => {})
}

/** Removes all templates, including damaged ones. Returns their number. */
export async function clearTemplates(root: string): Promise<number> {
  const names = (await readdir(root).catch(() => [])).filter(name => templateName.test(name))
  for (const name of names) await removeTemplate(join(root, name))
  await pruneTemplates(root, defaultBounds)
  return names.length
}

/** Removes templates beyond the limits, damaged templates, and remains of an interrupted removal. */
export async function pruneTemplates(root: string, bounds: TemplateBounds): Promise<void> {
  const templates = await listTemplates(root)
  const known = new Set(templates.map(({ directory }) => directory))
  for (const name of await readdir(root).catch(() => [])) {
    const directory = join(root, name)
    if (name.startsWith('.removed-') || (templateName.test(name) && !known.has(directory))) {
      await removeTemplate(directory)
    }
  }
  let bytes = 0
  for (const [index, template] of templates.entries()) {
    bytes += template.bytes
    if (index >= bounds.count || bytes > bounds.bytes) await removeTemplate(template.directory)
  }
}
