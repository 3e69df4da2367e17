import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TemplateInputs } from './template-inputs.ts'

/** Description of a template, stored in its directory. */
export interface TemplateManifest {
  readonly format: 1
  /** `proven`: a server has started from it and had the same data. `refused`: that failed, so it is not used again. */
  readonly state: 'untried' | 'proven' | 'refused'
  /** The reason why the template was refused. */
  readonly reason?: string | undefined
  /** Version of the server that made the template, or its image. */
  readonly tarantool: string
  /** Name of the seed, for people. */
  readonly seed: string
  /** The time at which the template was made, in ISO 8601. */
  readonly made: string
  /** The digest of the data, and its parts by space (fixtures/agent/digest.lua). */
  readonly digest: string
  readonly parts: Readonly<Record<string, string>>
  /** Files of the data, relative to the directory. */
  readonly files: Readonly<Record<string, { readonly size: number; readonly sha256: string }>>
  readonly inputs: TemplateInputs
}

/** The name of the manifest's file in a template. */
export const manifestName = 'template.json'

/** Reads the manifest of a directory; undefined if it cannot be read. */
export function readManifest(directory: string): TemplateManifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(directory, manifestName), 'utf8')) as TemplateManifest
    return manifest.format === 1 && manifest.files && manifest.inputs ? manifest : undefined
  } catch {
    return undefined
  }
}

/** Writes a manifest in one step, over an earlier manifest. */
export async function writeManifest(directory: string, manifest: TemplateManifest): Promise<void> {
  const temporary = join(directory, `${manifestName}.${process.pid}`)
  await writeFile(temporary, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 })
  await rename(temporary, join(directory, manifestName))
}
