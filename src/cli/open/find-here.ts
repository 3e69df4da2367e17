import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { KeptFileName } from '../../instance/kept/manifest.ts'

/** The path of a file of the project, on this machine. */
export function findHere({ file, relative }: KeptFileName): string | undefined {
  return [file, resolve(relative)].find(path => existsSync(path))
}
