import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { npm, pack } from '../support/npm.ts'

/** The fields of package.json that are looked at. */
interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>
  readonly sideEffects: readonly string[]
  readonly bin: Readonly<Record<string, string>>
  readonly typesVersions: { readonly '*': Readonly<Record<string, readonly string[]>> }
}

/** What users get: the package as it is packed, and unpacked. */
export interface PackedPackage {
  readonly tarball: string
  /** The directory that it was unpacked into. */
  readonly directory: string
  readonly manifest: Manifest
}

/** A directory that the global teardown removes: files make some when they are loaded, also if none of their tests runs. */
export function temporaryDirectory(): string {
  return mkdtempSync(join(process.env.TEST_PACKAGES ?? tmpdir(), 'package-'))
}

/** Packs the package that the global setup has built. */
export async function packPackage(): Promise<PackedPackage> {
  const at = temporaryDirectory()
  const tarball = await pack(at)
  await execa('tar', ['-xzf', tarball], { cwd: at })
  const directory = join(at, 'package')
  return { tarball, directory, manifest: JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) }
}

/** Installs the package into an empty project. Returns the project's directory. */
export async function installPackage({ tarball }: PackedPackage): Promise<string> {
  const directory = temporaryDirectory()
  writeFileSync(join(directory, 'package.json'), '{ "private": true }')
  await npm(directory, ['install', '--prefer-offline', tarball])
  return directory
}
