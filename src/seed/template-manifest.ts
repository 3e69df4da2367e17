import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TemplateInputs } from './template-inputs.ts'

/** What a template's directory says of it. */
export interface TemplateManifest {
  readonly format: 1
  /** Whether a server has started from it, and had the same data; if not, it is not used again. */
  readonly state: 'untried' | 'proven' | 'refused'
  /** Why it was refused. */
  readonly reason?: string | undefined
  /** The version of the server that made it, or its image. */
  readonly tarantool: string
  /** Which seed it has, for people. */
  readonly seed: string
  /** When it was made, ISO 8601. */
  readonly made: string
  /** The digest of the data, and its parts by space (fixtures/agent/digest.lua). */
  readonly digest: string
  readonly parts: Readonly<Record<string, string>>
  /** The files of the data, relative to the directory. */
  readonly files: Readonly<Record<string, { readonly size: number; readonly sha256: string }>>
  readonly inputs: TemplateInputs
}

const fileName = 'template.json'

/** The manifest of a directory; undefined where there is none that can be read. */
export function readManifest(directory: string): TemplateManifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(directory, fileName), 'utf8')) as TemplateManifest
    return manifest.format === 1 && manifest.files && manifest.inputs ? manifest : undefined
  } catch {
    return undefined
  }
}

/** Writes it in one step, over an earlier one. */
export async function writeManifest(directory: string, manifest: TemplateManifest): Promise<void> {
  const temporary = join(directory, `${fileName}.${process.pid}`)
  await writeFile(temporary, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 })
  await rename(temporary, join(directory, fileName))
}
